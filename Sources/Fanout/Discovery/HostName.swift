import Reactor

/// Which texts may be handed to connect(2) or getaddrinfo(3) as a host.
enum HostName {
    /// The longest name in text form (RFC 1035, section 2.3.4).
    static let longest = 253

    /// Whether `text` is a numeric address or looks like a host name (letters, digits, `-`, `.`, `_`).
    static func isConnectable(_ text: String) -> Bool {
        isName(text) || isNumeric(text)
    }

    /// Whether `text` is an IPv4 or IPv6 address without brackets and zone.
    static func isNumeric(_ text: String) -> Bool {
        SocketAddress(numericHost: text, port: 0) != nil && !text.utf8.contains(0)
    }

    private static func isName(_ text: String) -> Bool {
        (1...longest).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                    true
                case _: false
                }
            }
    }
}
