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
        guard Self.hasControls(text) else {
            bytes.append(contentsOf: text.utf8)
            return
        }
        for scalar in text.unicodeScalars { append(escaping: scalar, isQuoted: false) }
    }

    /// A value of logfmt: bare where a reader can tell its end, else in quotes. A lone `-`, which stands for a missing
    /// value, is quoted.
    mutating func append(logfmt text: String) {
        if text.isEmpty || text == "-" || text.utf8.contains(where: Self.needsQuotes) || Self.hasControls(text) {
            append(quoted: text)
        } else {
            bytes.append(contentsOf: text.utf8)
        }
    }

    /// A JSON string (RFC 8259, section 7).
    mutating func append(quoted text: String) {
        bytes.append(UInt8(ascii: "\""))
        if text.utf8.contains(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) || Self.hasControls(text)
        {
            for scalar in text.unicodeScalars { append(escaping: scalar, isQuoted: true) }
        } else {
            bytes.append(contentsOf: text.utf8)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(escaping scalar: Unicode.Scalar, isQuoted: Bool) {
        switch scalar {
        case "\n": append("\\n")
        case "\r": append("\\r")
        case "\t": append("\\t")
        case "\"", "\\":
            if isQuoted { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(contentsOf: scalar.utf8)
        case _ where Self.isControl(scalar):
            append("\\u")
            for shift in [12, 8, 4, 0] { append(hexadecimal: UInt8(truncatingIfNeeded: scalar.value >> shift) & 15) }
        case _: bytes.append(contentsOf: scalar.utf8)
        }
    }

    private mutating func append(hexadecimal digit: UInt8) {
        bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
    }

    /// What ends a line for some reader, or is an order to some terminal (ECMA-48, section 5.3: C1 too).
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f...0x9f, 0x2028, 0x2029: true
        case _: false
        }
    }

    /// Whether text would not stay on its line, or not be text.
    static func hasControls(_ text: String) -> Bool {
        // Almost all text is ASCII, and told by its bytes.
        text.utf8.contains { $0 < 0x20 || $0 >= 0x7f } && text.unicodeScalars.contains(where: isControl)
    }

    private static func needsQuotes(_ byte: UInt8) -> Bool {
        byte <= UInt8(ascii: " ") || byte == UInt8(ascii: "=") || byte == UInt8(ascii: "\"")
            || byte == UInt8(ascii: "\\") || byte == 0x7f
    }
}
