/// The words of a command: plain ones by position, `key=value` ones by name; `body=` takes the rest of the line.
struct Arguments {
    private(set) var plain: [String] = []
    private var named: [(key: String, value: String)] = []

    init(_ text: String) {
        var rest = text[...]
        while let start = rest.firstIndex(where: { !$0.isWhitespace }) {
            rest = rest[start...]
            if rest.hasPrefix("body=") {
                named.append(("body", String(rest.dropFirst("body=".count))))
                return
            }
            let word = rest.prefix { !$0.isWhitespace }
            rest = rest.dropFirst(word.count)
            if let equals = word.firstIndex(of: "="), equals > word.startIndex {
                named.append((String(word[..<equals]), String(word[word.index(after: equals)...])))
            } else {
                plain.append(String(word))
            }
        }
    }

    subscript(key: String) -> String? { named.first { $0.key == key }?.value }

    func all(_ key: String) -> [String] { named.filter { $0.key == key }.map(\.value) }

    func text(_ key: String) throws(ControlError) -> String {
        guard let value = self[key], !value.isEmpty else { throw ControlError("\(key)= is missing") }
        return value
    }

    func number(_ key: String, in range: ClosedRange<Int>) throws(ControlError) -> Int {
        guard let number = Int(try text(key)), range.contains(number) else {
            throw ControlError("\(key)= takes a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Refuses what nothing would look at, such as a misspelt key.
    func allow(plain count: Int, keys: [String], usage: String) throws(ControlError) {
        if plain.count != count { throw ControlError("the form is: \(usage)") }
        if let stray = named.first(where: { !keys.contains($0.key) }) {
            throw ControlError("'\(stray.key)=' means nothing here; the form is: \(usage)")
        }
    }
}

/// An address and port in the form `ADDR:PORT`, IPv6 in brackets.
struct HostPort {
    let host: String
    let port: Int

    init(_ text: String) throws(ControlError) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65_535).contains(port)
        else { throw ControlError("'\(text)' is no ADDR:PORT, such as 127.0.0.1:8080 or [::1]:8080") }
        let host = text[..<colon]
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : String(host)
        self.port = port
    }
}
