import NIOHTTP1

/// A request as Go's server would see it: the path decoded, the parameters by name.
struct Request: Sendable {
    let method: String
    let target: String
    /// Decoded path; `rawPath` is as sent.
    let path: String
    let rawPath: String
    let rawQuery: String?
    let parameters: Parameters
    let headers: [(name: String, value: String)]
    let isHTTP10: Bool
    let keepsAlive: Bool

    init(_ head: HTTPRequestHead) {
        method = head.method.rawValue
        target = head.uri
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        rawPath = String(parts[0])
        rawQuery = parts.count > 1 ? String(parts[1]) : nil
        path = PercentEncoding.decode(rawPath, plusIsBlank: false) ?? rawPath
        parameters = Parameters(rawQuery ?? "")
        headers = head.headers.map { ($0.name, $0.value) }
        isHTTP10 = head.version == .http1_0
        keepsAlive = head.isKeepAlive
    }

    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// `X-Nomad-Token` first, else a bearer `Authorization` (`parseToken`).
    var token: String? {
        if let own = header("X-Nomad-Token"), !own.isEmpty { return own.trimmingBlanks }
        guard let words = header("Authorization")?.split(separator: " "), words.count > 1 else { return nil }
        return words[0].lowercased() == "bearer" ? String(words[1]) : nil
    }

    /// The service that is read, if this is a read of one.
    var service: String? {
        let prefix = "/v1/service/"
        guard path.hasPrefix(prefix) else { return nil }
        return String(path.dropFirst(prefix.count))
    }
}

/// Query parameters in Go's form: names may repeat, the first value counts.
struct Parameters: Sendable {
    private let values: [String: [String]]

    init(_ query: String) {
        var values: [String: [String]] = [:]
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(String(parts[0]), plusIsBlank: true) else { continue }
            let raw = parts.count > 1 ? String(parts[1]) : ""
            guard let value = PercentEncoding.decode(raw, plusIsBlank: true) else { continue }
            values[name, default: []].append(value)
        }
        self.values = values
    }

    /// `nil` when absent, unlike an empty value.
    subscript(name: String) -> String? { values[name]?.first }

    var firstValues: [String: String] { values.compactMapValues(\.first) }
}

enum PercentEncoding {
    /// `nil` when an escape is malformed or the result is not UTF-8.
    static func decode(_ text: String, plusIsBlank: Bool) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let digits = String(rest.prefix(2)), digits.utf8.count == 2,
                    digits.allSatisfy(\.isHexDigit), let decoded = UInt8(digits, radix: 16)
                else { return nil }
                bytes.append(decoded)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(plusIsBlank && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension String {
    var trimmingBlanks: String {
        let isBlank: (Character) -> Bool = \.isWhitespace
        let tail = drop(while: isBlank)
        return String(tail.reversed().drop(while: isBlank).reversed())
    }
}
