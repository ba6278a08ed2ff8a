/// What the bytes of one HTTP/1.1 connection say, from an answer's first byte to the end of stream after the last one.
///
/// Independent of the product, and strict: where RFC 9112 lets readers differ it says so and does not guess.
public enum WireReading: Equatable, Sendable {
    /// One whole answer; `rest` counts the bytes after it, nil if the end of the stream is its end.
    case complete(Answer, rest: Int?)
    /// No reader may take this for a whole answer.
    case refused
    /// Readers may differ.
    case untold

    public struct Answer: Equatable, Sendable {
        public var status = 0
        /// `X-Nomad-Index` if it is one unsigned 64-bit number.
        public var index: UInt64?
        public var knowsLeader = true
        public var body: [UInt8] = []

        public init() {}
    }

    /// The longest body that the product promises to take.
    public static let longestBody = 8 << 20

    public init(_ bytes: [UInt8]) {
        var reader = WireReader(bytes)
        self = reader.read()
    }
}

private struct WireReader {
    private enum Framing {
        case length(Int)
        case chunked, untilEnd
    }

    private let bytes: [UInt8]
    private var place = 0
    private var answer = WireReading.Answer()

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func read() -> WireReading {
        guard let status = line() else { return .refused }
        // Readers may skip empty lines before an answer.
        guard !status.isEmpty, let text = plain(status) else { return .untold }
        guard text.hasPrefix("HTTP/") else { return .refused }
        let code = text.dropFirst("HTTP/1.1 ".count)
        guard text.hasPrefix("HTTP/1.1 "), code.dropFirst(3).first == " ", let number = Int(code.prefix(3)),
            (200...599).contains(number), number != 204, number != 304
        else { return .untold }
        answer.status = number
        var fields: [(name: String, value: String)] = []
        var size = 0
        while true {
            guard let line = line() else { return .refused }
            if line.isEmpty { break }
            guard let text = plain(line), let colon = text.firstIndex(of: ":"), colon != text.startIndex,
                text[..<colon].utf8.allSatisfy(Self.isTokenByte)
            else { return .untold }
            fields.append((text[..<colon].lowercased(), Self.trimmed(text[text.index(after: colon)...])))
            size += text.utf8.count
        }
        // Beyond this a reader may give up.
        guard fields.count <= 200, size <= 64 << 10 else { return .untold }
        guard let framing = framing(of: fields) else { return .untold }
        read(fields)
        return body(framing)
    }

    /// The next line without its CR LF; nil if there is no whole one.
    private mutating func line() -> ArraySlice<UInt8>? {
        guard let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        defer { place = end + 1 }
        // A lone LF stays in the line as a missing CR, which is no plain text.
        guard end > place, bytes[end - 1] == UInt8(ascii: "\r") else { return bytes[place...end] }
        return bytes[place..<end - 1]
    }

    /// Visible ASCII, spaces and tabs, not folded; nil for everything else.
    private func plain(_ line: ArraySlice<UInt8>) -> String? {
        guard line.allSatisfy({ (0x20...0x7E).contains($0) || $0 == 9 }), line.first != 0x20, line.first != 9 else {
            return nil
        }
        return String(decoding: line, as: UTF8.self)
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return String(text)
    }

    /// Nil where a message's length can be read in two ways.
    private func framing(of fields: [(name: String, value: String)]) -> Framing? {
        let lengths = fields.filter { $0.name == "content-length" }.map(\.value)
        let codings = fields.filter { $0.name == "transfer-encoding" }.map(\.value)
        guard !fields.contains(where: { $0.name == "upgrade" || $0.name == "connection" && $0.value != "close" }) else {
            return nil
        }
        switch (lengths.count, codings) {
        case (0, []): return .untilEnd
        case (0, ["chunked"]): return .chunked
        case (1, []):
            guard lengths[0].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let length = Int(lengths[0]) else {
                return nil
            }
            return .length(length)
        case (_, _): return nil
        }
    }

    private mutating func read(_ fields: [(name: String, value: String)]) {
        let indexes = Set(fields.filter { $0.name == "x-nomad-index" }.map(\.value))
        if indexes.count == 1, let text = indexes.first, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            answer.index = UInt64(text)
        }
        answer.knowsLeader = fields.first { $0.name == "x-nomad-knownleader" }?.value != "false"
    }

    private mutating func body(_ framing: Framing) -> WireReading {
        switch framing {
        case .length(let length):
            guard length <= WireReading.longestBody, bytes.count - place >= length else { return .refused }
            answer.body = Array(bytes[place..<place + length])
            return .complete(answer, rest: bytes.count - place - length)
        case .untilEnd:
            guard bytes.count - place <= WireReading.longestBody else { return .refused }
            answer.body = Array(bytes[place...])
            return .complete(answer, rest: nil)
        case .chunked:
            return chunks()
        }
    }

    private mutating func chunks() -> WireReading {
        while true {
            guard let line = line() else { return .refused }
            let digits = line.prefix { Character(Unicode.Scalar($0)).isHexDigit && $0 < 0x80 }
            guard !digits.isEmpty else { return .refused }
            // Extensions, and spaces that some readers take.
            guard digits.count == line.count else { return .untold }
            guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16) else { return .refused }
            if size == 0 { break }
            guard answer.body.count + size <= WireReading.longestBody, bytes.count - place >= size else {
                return .refused
            }
            answer.body += bytes[place..<place + size]
            place += size
            guard let end = self.line() else { return .refused }
            guard end.isEmpty else { return .refused }
        }
        guard let end = line() else { return .refused }
        // A trailer.
        guard end.isEmpty else { return .untold }
        return .complete(answer, rest: bytes.count - place)
    }
}
