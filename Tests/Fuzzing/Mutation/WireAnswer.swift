/// What a server sends for one request, and how.
public struct WireAnswer: Sendable {
    public enum Ending: Sendable {
        /// The connection stays open for the next request.
        case keep
        case close
        /// Nothing more comes, and no end of stream either.
        case stall
    }

    /// The same bytes again and again.
    public struct Flood: Sendable {
        public let unit: [UInt8]
        /// Bytes in all.
        public let total: Int
    }

    public var bytes: [UInt8]
    /// Offsets at which a piece ends, ascending.
    public var cuts: [Int] = []
    /// Comes after the bytes.
    public var flood: Flood?
    public var ending = Ending.keep

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The bytes in their pieces, none of them empty.
    public var pieces: [ArraySlice<UInt8>] {
        var pieces: [ArraySlice<UInt8>] = []
        var start = 0
        for end in cuts + [bytes.count] where end > start && end <= bytes.count {
            pieces.append(bytes[start..<end])
            start = end
        }
        return pieces
    }

    /// An answer as Nomad sends it: up to 2,048 bytes with their length, more in chunks.
    public static func nomad(_ body: [UInt8], index: String) -> WireAnswer {
        var head = HTTPMutator.head(status: "200 OK", index: index)
        head += body.count <= 2_048 ? "Content-Length: \(body.count)\r\n\r\n" : "Transfer-Encoding: chunked\r\n\r\n"
        return WireAnswer(Array(head.utf8) + (body.count <= 2_048 ? body : HTTPMutator.chunked([body])))
    }
}
