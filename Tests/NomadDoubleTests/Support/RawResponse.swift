import Foundation

/// A response with its head as sent.
struct RawResponse {
    /// Up to and without the empty line.
    let head: String
    /// As framed.
    let framedBody: [UInt8]
    /// Without chunk framing.
    let body: [UInt8]

    var status: Int { Int(head.split(separator: " ")[1]) ?? 0 }
    var text: String { String(decoding: body, as: UTF8.self) }
    var index: String? { header("X-Nomad-Index") }

    /// The whole message, its date replaced by `...`.
    var dateless: String {
        let lines = head.components(separatedBy: "\r\n").map { $0.hasPrefix("Date: ") ? "Date: ..." : $0 }
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + String(decoding: framedBody, as: UTF8.self)
    }

    func header(_ name: String) -> String? {
        head.components(separatedBy: "\r\n").first { $0.hasPrefix(name + ": ") }
            .map { String($0.dropFirst(name.count + 2)) }
    }

    /// The first response in `bytes` and its length, or `nil` if it is not complete.
    static func parse(_ bytes: [UInt8]) throws -> (RawResponse, Int)? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        let probe = RawResponse(head: head, framedBody: [], body: [])
        if probe.header("Transfer-Encoding") == "chunked" {
            guard let (body, stop) = try unchunk(bytes, from: end.upperBound) else { return nil }
            return (RawResponse(head: head, framedBody: Array(bytes[end.upperBound..<stop]), body: body), stop)
        }
        guard let length = probe.header("Content-Length").flatMap({ Int($0) }) else {
            throw RawFailure("no length: \(head)")
        }
        let stop = end.upperBound + length
        guard bytes.count >= stop else { return nil }
        let body = Array(bytes[end.upperBound..<stop])
        return (RawResponse(head: head, framedBody: body, body: body), stop)
    }

    private static func unchunk(_ bytes: [UInt8], from start: Int) throws -> ([UInt8], Int)? {
        var body: [UInt8] = []
        var position = start
        while true {
            guard let line = bytes[position...].firstRange(of: Array("\r\n".utf8)) else { return nil }
            let text = String(decoding: bytes[position..<line.lowerBound], as: UTF8.self)
            guard let size = Int(text.prefix { $0 != ";" }, radix: 16) else { throw RawFailure("chunk size \(text)") }
            if size == 0 {
                let end = bytes[line.lowerBound...].firstRange(of: Array("\r\n\r\n".utf8))
                return end.map { (body, $0.upperBound) }
            }
            guard bytes.count >= line.upperBound + size + 2 else { return nil }
            body += bytes[line.upperBound..<line.upperBound + size]
            position = line.upperBound + size + 2
        }
    }
}
