import NIOCore
import NIOHTTP1

/// A complete answer of the Nomad API.
struct NomadAnswer: Sendable {
    let status: Int
    /// `X-Nomad-Index`, nil unless there is exactly one meaning and it is an unsigned 64-bit number.
    let index: UInt64?
    /// The header as it came, for messages.
    let indexText: String
    /// False only where the server said so: it answered without knowing a leader.
    let knownLeader: Bool
    let body: ByteBuffer

    /// How much of an error's body is kept.
    private static let longestExcerpt = 200

    init(head: HTTPResponseHead, body: ByteBuffer) {
        status = Int(head.status.code)
        let values = Set(head.headers["X-Nomad-Index"].map(Self.trimmed))
        let text = values.count == 1 ? values.first : nil
        indexText = values.isEmpty ? "missing" : "`\(Self.printable(values.sorted().joined(separator: ",").utf8))`"
        // UInt64.init would also take a sign.
        index = text.flatMap { digits in digits.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt64(digits) : nil }
        knownLeader = head.headers.first(name: "X-Nomad-Knownleader").map(Self.trimmed) != "false"
        self.body = body
    }

    /// The beginning of the body, fit for a log line.
    var excerpt: String { Self.printable(body.readableBytesView) }

    /// White space around a field's value is no part of it (RFC 9112, section 5.1); NIO leaves it at the end.
    private static func trimmed(_ value: String) -> String {
        String(value.drop { $0 == " " || $0 == "\t" }).trimmingSuffix { $0 == " " || $0 == "\t" }
    }

    private static func printable(_ bytes: some Collection<UInt8>) -> String {
        let text = String(decoding: bytes.prefix(longestExcerpt), as: UTF8.self)
        let clean = text.unicodeScalars.map { endsLine($0) ? " " : Character($0) }
        return String(clean).trimmingSuffix { $0 == " " }
    }

    private static func endsLine(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        case _: false
        }
    }
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> String {
        guard let last = lastIndex(where: { !predicate($0) }) else { return "" }
        return String(self[...last])
    }
}
