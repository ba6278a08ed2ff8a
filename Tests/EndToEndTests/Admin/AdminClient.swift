import Foundation
import Testing
import Traffic

/// An HTTP client that shows what came, byte for byte; one connection a request.
struct AdminClient {
    struct Answer {
        let status: Int
        let headers: [String: String]
        let body: [UInt8]

        var text: String { String(decoding: body, as: UTF8.self) }

        func json() throws -> [String: Any] {
            try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any], "\(text)")
        }
    }

    let address: TrafficAddress

    /// Asks and takes the whole answer; the connection ends with it.
    func get(_ path: String) throws -> Answer {
        try Self.answer(to: "GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", at: address)
    }

    func json(_ path: String) throws -> [String: Any] {
        let answer = try get(path)
        #expect(answer.status == 200, "\(path): \(answer.text)")
        return try answer.json()
    }

    func metrics() throws -> Metrics { Metrics(try get("/metrics").text) }

    /// Sends this and reads until the end of the stream.
    static func answer(to request: String, at address: TrafficAddress) throws -> Answer {
        let client = try LineClient(to: address)
        defer { client.close() }
        try client.sendAll(request)
        let bytes = try client.readUntilEnd().bytes
        let answers = try Self.answers(in: bytes)
        #expect(answers.count == 1)
        return try #require(answers.first)
    }

    /// Everything between two heads is one body, of the length that its head says.
    static func answers(in bytes: [UInt8]) throws -> [Answer] {
        var answers: [Answer] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = try #require(
                rest.firstRange(of: Array("\r\n\r\n".utf8)),
                "\(String(decoding: rest, as: UTF8.self))"
            )
            let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
            let status = try #require(lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) })
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.components(separatedBy: ": ")
                headers[parts[0].lowercased()] = parts.dropFirst().joined(separator: ": ")
            }
            let length = try #require(headers["content-length"].flatMap { Int($0) })
            rest = rest[end.upperBound...]
            try #require(rest.count >= length, "the answer is cut short")
            answers.append(Answer(status: status, headers: headers, body: Array(rest.prefix(length))))
            rest = rest.dropFirst(length)
        }
        return answers
    }
}

/// The samples of a scrape by their series, as they are written.
struct Metrics {
    let values: [String: Double]
    /// Of every family, with a sample or without.
    let names: [String]

    init(_ text: String) {
        var values: [String: Double] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " ") else { continue }
            let series = String(line[..<space])
            #expect(values[series] == nil, "\(series) is there twice")
            values[series] = Double(line[line.index(after: space)...])
        }
        self.values = values
        names = text.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }
            .map { String($0.split(separator: " ")[2]) }
    }

    subscript(series: String) -> Double? { values[series] }
}

extension FanoutProcess {
    /// The admin endpoint, once it serves.
    func admin() throws -> AdminClient {
        try wait("admin endpoint") { !messages("admin endpoint").isEmpty }
        let text = try #require(messages("admin endpoint").last?["address"] as? String)
        return AdminClient(address: try #require(TrafficAddress(text)))
    }
}

/// In front of these, with an admin endpoint.
func observedProxy(to servers: [TrafficAddress], _ more: [String] = []) throws -> FanoutProcess {
    try proxy(to: servers, ["--admin-address", "127.0.0.1:0"] + more)
}
