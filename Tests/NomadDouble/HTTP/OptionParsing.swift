/// A parameter Nomad refuses, with its text.
struct BadParameter: Error {
    let text: String
}

extension QueryOptions {
    /// Parses what `HTTPServer.parse` does, in its order; unknown parameters (`consistent` among them) are ignored.
    init(_ parameters: Parameters) throws(BadParameter) {
        if let stale = parameters["stale"] {
            guard let value = stale.isEmpty ? true : Self.parseBool(stale) else {
                throw BadParameter(text: "Expect `true` or `false` for `stale` query string parameter")
            }
            isStale = value
        }
        if let namespace = parameters["namespace"], !namespace.isEmpty { self.namespace = namespace }
        if let region = parameters["region"], !region.isEmpty { self.region = region }
        if let perPage = parameters["per_page"], !perPage.isEmpty {
            guard let number = Int32(perPage) else {
                throw BadParameter(text: "Expect a number for `per_page` query string parameter")
            }
            self.perPage = Int(number)
        }
        nextToken = parameters["next_token"] ?? ""
        filter = parameters["filter"] ?? ""
        choose = parameters["choose"] ?? ""
        if let pretty = parameters["pretty"] { isPretty = pretty != "0" }
        if let wait = parameters["wait"], !wait.isEmpty {
            guard let seconds = GoDuration.seconds(wait) else { throw BadParameter(text: "Invalid wait time") }
            self.wait = seconds
        }
        if let index = parameters["index"], !index.isEmpty {
            let isDecimal = index.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard isDecimal, let number = UInt64(index) else { throw BadParameter(text: "Invalid index") }
            self.index = number
        }
    }

    /// Go's `strconv.ParseBool`.
    private static func parseBool(_ text: String) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }
}

/// Go's `time.ParseDuration`.
enum GoDuration {
    private static let units: [(name: String, seconds: Double)] = [
        ("ns", 1e-9), ("us", 1e-6), ("µs", 1e-6), ("μs", 1e-6), ("ms", 1e-3), ("s", 1), ("m", 60), ("h", 3600),
    ]

    /// Seconds, or `nil` if Go would refuse the text.
    static func seconds(_ text: String) -> Double? {
        var rest = text[...]
        var sign = 1.0
        if rest.first == "-" || rest.first == "+" { sign = rest.removeFirst() == "-" ? -1 : 1 }
        if rest == "0" { return 0 }
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { !($0.isASCII && $0.isNumber || $0 == ".") }
            rest = rest.dropFirst(unit.count)
            let isNumber = number.contains(where: \.isNumber) && number.filter { $0 == "." }.count <= 1
            let digits = number.last == "." ? "0\(number)0" : "0\(number)"
            guard isNumber, let value = Double(digits), let scale = units.first(where: { $0.name == unit })
            else { return nil }
            total += value * scale.seconds
        }
        return sign * total
    }
}
