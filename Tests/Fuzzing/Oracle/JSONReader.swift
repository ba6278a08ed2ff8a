/// The recursive descent behind ``JSONValue``.
struct JSONReader {
    private let bytes: [UInt8]
    private var place = 0
    private var depth = 0
    private var isOpen = false

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func wholeText() throws(JSONValue.Problem) -> JSONValue {
        let value = try value()
        skipSpace()
        guard place == bytes.count else { throw .malformed }
        guard !isOpen else { throw .open }
        return value
    }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { place += 1 }
    }

    private mutating func take(_ text: StaticString) throws(JSONValue.Problem) {
        for byte in "\(text)".utf8 {
            guard next == byte else { throw .malformed }
            place += 1
        }
    }

    private mutating func value() throws(JSONValue.Problem) -> JSONValue {
        skipSpace()
        switch next {
        case UInt8(ascii: "n"):
            try take("null")
            return .null
        case UInt8(ascii: "t"):
            try take("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try take("false")
            return .bool(false)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "{"): return .object(try object())
        case _: return .number(try number())
        }
    }

    private mutating func array() throws(JSONValue.Problem) -> [JSONValue] {
        try descend()
        var values: [JSONValue] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            place += 1
            return values
        }
        while true {
            if endsAfterComma(UInt8(ascii: "]"), values.isEmpty) { return values }
            values.append(try value())
            if try ends(with: UInt8(ascii: "]")) { return values }
        }
    }

    private mutating func object() throws(JSONValue.Problem) -> [(key: String?, value: JSONValue)] {
        try descend()
        var members: [(key: String?, value: JSONValue)] = []
        skipSpace()
        if next == UInt8(ascii: "}") {
            place += 1
            return members
        }
        while true {
            if endsAfterComma(UInt8(ascii: "}"), members.isEmpty) { return members }
            guard next == UInt8(ascii: "\"") else { throw .malformed }
            let key = try string()
            skipSpace()
            try take(":")
            members.append((key, try value()))
            if try ends(with: UInt8(ascii: "}")) { return members }
        }
    }

    private mutating func descend() throws(JSONValue.Problem) {
        place += 1
        depth += 1
        guard depth <= JSONValue.deepest else { throw .open }
    }

    /// Takes a comma, or the end of the array or object.
    private mutating func ends(with closing: UInt8) throws(JSONValue.Problem) -> Bool {
        skipSpace()
        guard let byte = next, byte == closing || byte == UInt8(ascii: ",") else { throw .malformed }
        place += 1
        if byte == closing { depth -= 1 }
        return byte == closing
    }

    private mutating func endsAfterComma(_ closing: UInt8, _ isFirst: Bool) -> Bool {
        skipSpace()
        guard !isFirst, next == closing else { return false }
        isOpen = true
        place += 1
        depth -= 1
        return true
    }

    private mutating func number() throws(JSONValue.Problem) -> String {
        let start = place
        while let byte = next, (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte) { place += 1 }
        let text = String(decoding: bytes[start..<place], as: UTF8.self)
        guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first) else {
            throw .malformed
        }
        // Most are plain, and told without an expression.
        let isPlain = first != UInt8(ascii: "0") && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        if !isPlain, text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) == nil { isOpen = true }
        return text
    }

    private mutating func string() throws(JSONValue.Problem) -> String? {
        place += 1
        var text: [UInt8] = []
        var isOdd = false
        while let byte = next {
            place += 1
            switch byte {
            case UInt8(ascii: "\""):
                return isOdd ? nil : String(validating: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = escape() else {
                    isOdd = true
                    continue
                }
                text += Array(String(Character(escaped)).utf8)
            case _:
                if byte < 0x20 { isOdd = true }
                text.append(byte)
            }
        }
        throw .malformed
    }

    /// Nil if it is none; what follows the backslash is consumed as far as a reader that skips strings would.
    private mutating func escape() -> Unicode.Scalar? {
        guard let byte = next else { return nil }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return unicodeEscape()
        case _: return nil
        }
    }

    private mutating func unicodeEscape() -> Unicode.Scalar? {
        guard let high = codeUnit() else { return nil }
        guard (0xD800...0xDFFF).contains(high) else { return Unicode.Scalar(high) }
        guard high < 0xDC00, place + 1 < bytes.count, bytes[place] == UInt8(ascii: "\\"),
            bytes[place + 1] == UInt8(ascii: "u")
        else { return nil }
        place += 2
        guard let low = codeUnit(), (0xDC00...0xDFFF).contains(low) else { return nil }
        return Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    }

    private mutating func codeUnit() -> UInt32? {
        guard place + 4 <= bytes.count else { return nil }
        var unit: UInt32 = 0
        for byte in bytes[place..<place + 4] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        place += 4
        return unit
    }
}
