/// The names that Nomad accepts, checked before they are asked for: an unknown name is an empty answer, not an error.
enum Name {
    /// RFC 1123 as Nomad reads it (nomad/structs/services.go, `validateName`).
    static func service(parsing text: String) throws(InvalidValue) -> String {
        let bytes = Array(text.utf8)
        guard (1...63).contains(bytes.count), bytes.allSatisfy(isAlphanumericOrDash),
            bytes.first != dash, bytes.last != dash
        else {
            throw InvalidValue("a service name: 1 to 63 letters, digits and dashes, no dash at either end")
        }
        return text
    }

    /// Nomad's `validNamespaceName` (nomad/structs/namespace.go).
    static func namespace(parsing text: String) throws(InvalidValue) -> String {
        guard text != "*" else {
            throw InvalidValue("one namespace: Nomad looks a service up in one, and * would match nothing")
        }
        guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy(isAlphanumericOrDash) else {
            throw InvalidValue("a namespace: 1 to 128 letters, digits and dashes")
        }
        return text
    }

    /// Anything that Nomad may have been configured with; only what cannot be a name is refused.
    static func region(parsing text: String) throws(InvalidValue) -> String {
        guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > UInt8(ascii: " ") && $0 != 0x7f }) else {
            throw InvalidValue("a region: 1 to 128 characters without spaces")
        }
        return text
    }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static let dash = UInt8(ascii: "-")

    private static func isAlphanumericOrDash(_ byte: UInt8) -> Bool { isAlphanumeric(byte) || byte == dash }
}
