/// The `pretty` form: an indent of four blanks and a newline at the end.
enum PrettyJSON {
    static func format(_ compact: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        var depth = 0
        var isInString = false
        var isEscaped = false
        for (offset, byte) in compact.enumerated() {
            if isInString {
                bytes.append(byte)
                isInString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isInString = true
                bytes.append(byte)
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                bytes.append(byte)
                depth += 1
                if !isClosing(compact, offset + 1) { bytes += newline(depth) }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if !isOpening(compact, offset - 1) { bytes += newline(depth) }
                bytes.append(byte)
            case UInt8(ascii: ","):
                bytes.append(byte)
                bytes += newline(depth)
            case UInt8(ascii: ":"):
                bytes += [byte, UInt8(ascii: " ")]
            default:
                bytes.append(byte)
            }
        }
        return bytes + [UInt8(ascii: "\n")]
    }

    private static func newline(_ depth: Int) -> [UInt8] {
        [UInt8(ascii: "\n")] + Array(repeating: UInt8(ascii: " "), count: 4 * depth)
    }

    private static func isOpening(_ bytes: [UInt8], _ offset: Int) -> Bool {
        bytes.indices.contains(offset) && (bytes[offset] == UInt8(ascii: "[") || bytes[offset] == UInt8(ascii: "{"))
    }

    private static func isClosing(_ bytes: [UInt8], _ offset: Int) -> Bool {
        bytes.indices.contains(offset) && (bytes[offset] == UInt8(ascii: "]") || bytes[offset] == UInt8(ascii: "}"))
    }
}
