/// Splits addresses that end in a port.
enum Port {
    /// The port in decimal digits, 0 to 65535; nil for anything else, a sign or spaces included.
    static func parse(_ text: some StringProtocol) -> UInt16? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            return nil
        }
        return UInt16(text)
    }

    /// `host:port` or `[host]:port` in its two parts; `bracketed` tells which; nil when the shape is another.
    static func split(_ text: String) -> (host: String, bracketed: Bool, port: UInt16)? {
        guard let colon = text.lastIndex(of: ":"), let port = parse(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon]
        guard host.hasPrefix("[") else {
            return host.contains(":") ? nil : (String(host), false, port)
        }
        guard host.hasSuffix("]") else { return nil }
        return (String(host.dropFirst().dropLast()), true, port)
    }
}
