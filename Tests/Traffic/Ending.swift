/// How a verified connection comes to its end; drawn by the client and told to the server in the header.
public enum Ending: UInt8, CaseIterable, Sendable {
    /// The client half-closes; then the server sends its second half and closes.
    case clientFirst
    /// The server half-closes; then the client uploads its second half and closes.
    case serverFirst
    /// Each side half-closes when it has sent everything, and closes when the other has too.
    case bothAtEnd
    /// The client resets after its upload, with data in flight or after the send queue has drained.
    case clientReset
    /// The client resets after it has read the server's end of stream.
    case clientResetAfterServerEnd
    /// The server reads the whole upload, drains its send queue, then resets.
    case serverReset
    /// The server drains its send queue, then resets into the client's upload.
    case serverResetWhileUploading
    /// The server reads the client's end of stream, drains its send queue, then resets.
    case serverResetAfterClientEnd
    /// The client connects and closes without a byte.
    case closeAtOnce
    /// The client connects and resets without a byte.
    case resetAtOnce

    /// Every ending.
    public static let all = Ending.allCases
    /// The endings without a reset: all that unix sockets can do.
    public static let clean: [Ending] = [.clientFirst, .serverFirst, .bothAtEnd, .closeAtOnce]
    /// The endings with a reset.
    public static let resets = all.filter { !clean.contains($0) }

    /// True when the client sends nothing at all, not even the header.
    var isEmpty: Bool { self == .closeAtOnce || self == .resetAtOnce }
}

enum Side: UInt64 {
    case client = 0x636C_6965
    case server = 0x7365_7276
}

/// What one side of a connection has to do, and what it may see, under one ending.
struct Role {
    enum Finish {
        /// Half-close when everything is sent, close when the peer's end was read too.
        case halfClose
        /// Never end by oneself: the peer is going to reset.
        case keepOpen
        /// Send everything, wait for `received` bytes (and for the peer's end, and for an empty send queue), then reset.
        case reset(received: Int, afterPeerEnd: Bool, drained: Bool)
    }

    enum Expectation {
        /// All bytes, then an end of stream.
        case clean
        /// All bytes, then a reset.
        case resetAfterAll
        /// Some bytes, then a reset: a sender that resets with data in flight may lose it.
        case resetAfterSome
        /// Some bytes; this side resets before the peer ends.
        case none
    }

    let sendTotal: Int
    let receiveTotal: Int
    /// Bytes kept back until the peer's end of stream was read.
    let held: Int
    let finish: Finish
    let expectation: Expectation

    init(_ plan: Plan, side: Side) {
        let isClient = side == .client
        sendTotal = isClient ? plan.upload : plan.download
        receiveTotal = isClient ? plan.download : plan.upload
        let finish: Finish
        let expectation: Expectation
        var holds = false
        switch plan.ending {
        case .clientFirst, .closeAtOnce, .resetAtOnce:
            (finish, expectation) = (.halfClose, .clean)
            holds = !isClient
        case .serverFirst:
            (finish, expectation) = (.halfClose, .clean)
            holds = isClient
        case .bothAtEnd:
            (finish, expectation) = (.halfClose, .clean)
        case .clientReset:
            // One byte from the server tells the client that the header arrived: the server knows whom to report.
            (finish, expectation) =
                isClient
                ? (.reset(received: 1, afterPeerEnd: false, drained: plan.drainsBeforeReset), .none)
                : (.keepOpen, .resetAfterSome)
        case .clientResetAfterServerEnd:
            (finish, expectation) =
                isClient
                ? (.reset(received: plan.download, afterPeerEnd: true, drained: plan.drainsBeforeReset), .clean)
                : (.halfClose, .resetAfterSome)
        case .serverReset:
            (finish, expectation) =
                isClient
                ? (.keepOpen, .resetAfterAll)
                : (.reset(received: plan.upload, afterPeerEnd: false, drained: true), .none)
        case .serverResetWhileUploading:
            (finish, expectation) =
                isClient
                ? (.keepOpen, .resetAfterAll)
                : (.reset(received: 0, afterPeerEnd: false, drained: true), .none)
        case .serverResetAfterClientEnd:
            (finish, expectation) =
                isClient
                ? (.halfClose, .resetAfterAll)
                : (.reset(received: plan.upload, afterPeerEnd: true, drained: true), .clean)
        }
        self.finish = finish
        self.expectation = expectation
        held = holds ? (sendTotal + 1) / 2 : 0
    }
}
