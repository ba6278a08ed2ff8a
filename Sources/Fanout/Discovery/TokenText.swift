/// Which texts can be a Nomad token.
enum TokenText {
    /// `bytes` without surrounding ASCII whitespace if that is a JSON Web Token or a UUID, else nil.
    static func wellFormed(_ bytes: [UInt8]) -> String? {
        guard let text = headerValue(String(decoding: bytes, as: UTF8.self)) else { return nil }
        return isWebToken(text) || isUUID(text) ? text : nil
    }

    /// `text` without surrounding ASCII whitespace if it is not empty and safe as a header value, else nil.
    static func headerValue(_ text: String) -> String? {
        let bytes = text.utf8
        guard let first = bytes.firstIndex(where: { !isSpace($0) }),
            let last = bytes.lastIndex(where: { !isSpace($0) })
        else { return nil }
        let trimmed = bytes[first...last]
        guard trimmed.allSatisfy({ (0x21...0x7e).contains($0) }) else { return nil }
        return String(decoding: trimmed, as: UTF8.self)
    }

    /// Three parts, none of them empty (RFC 7519, section 3).
    private static func isWebToken(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 3 && !parts.contains { $0.isEmpty }
    }

    /// Five groups of 8, 4, 4, 4 and 12 hexadecimal digits (RFC 9562, section 4).
    private static func isUUID(_ text: String) -> Bool {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        return groups.map(\.utf8.count) == [8, 4, 4, 4, 12] && groups.allSatisfy { $0.allSatisfy(\.isHexDigit) }
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (0x09...0x0d).contains(byte)
    }
}
