/// Bytes of log lines under construction; meant to be reused, so that a line costs no allocation.
struct LineBuffer: Sendable {
    private(set) var bytes: [UInt8] = []

    /// For tests and messages.
    var text: String { String(decoding: bytes, as: UTF8.self) }

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }

    mutating func append(_ text: StaticString) {
        unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(decimal value: UInt64) {
        var divisor: UInt64 = 1
        while value / divisor >= 10 { divisor *= 10 }
        var rest = value
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }

    mutating func append(decimal value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        append(decimal: value.magnitude)
    }

    /// `value` in exactly `digits` digits.
    mutating func append(padded value: UInt64, digits: Int) {
        var divisor: UInt64 = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }

    /// Text that stays on one line: control characters are escaped, nothing else is touched.
    mutating func append(line text: String) {
        guard text.utf8.contains(where: Self.isControl) else {
            bytes.append(contentsOf: text.utf8)
            return
        }
        for byte in text.utf8 { append(escaping: byte, isQuoted: false) }
    }

    /// A value of logfmt: bare where a reader can tell its end, else in quotes. A lone `-`, which stands for a missing
    /// value, is quoted.
    mutating func append(logfmt text: String) {
        if text.isEmpty || text == "-" || text.utf8.contains(where: Self.needsQuotes) {
            append(quoted: text)
        } else {
            bytes.append(contentsOf: text.utf8)
        }
    }

    /// A JSON string (RFC 8259, section 7).
    mutating func append(quoted text: String) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.contains(where: { Self.isControl($0) || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
            for byte in text.utf8 { append(escaping: byte, isQuoted: true) }
        } else {
            bytes.append(contentsOf: text.utf8)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(escaping byte: UInt8, isQuoted: Bool) {
        switch byte {
        case UInt8(ascii: "\n"): append("\\n")
        case UInt8(ascii: "\r"): append("\\r")
        case UInt8(ascii: "\t"): append("\\t")
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            if isQuoted { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        case _ where Self.isControl(byte):
            append("\\u00")
            append(hexadecimal: byte >> 4)
            append(hexadecimal: byte & 15)
        case _: bytes.append(byte)
        }
    }

    private mutating func append(hexadecimal digit: UInt8) {
        bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }

    private static func isControl(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x7f }

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        byte <= UInt8(ascii: " ") || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "\"")
            || byte == UInt8(ascii: "\\") || byte == 0x7f
    }
}
