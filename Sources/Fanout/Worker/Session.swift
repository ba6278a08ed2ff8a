import Reactor

/// One proxied connection, as plain memory in its worker's slab.
struct Session: BitwiseCopyable {
    /// Where the connection stands; ARCHITECTURE.md has the table of what is in flight and what follows.
    enum Phase: UInt8 {
        case free
        /// No endpoint to try now: until there is one, or the pause between rounds is over, or the budget is spent.
        case waiting
        /// A connect is in flight, perhaps with a spare beside it.
        case dialing
        /// Not a connection but the second connect of one that is dialing (Spare).
        case spare
        /// Both sides are connected.
        case relaying
        /// Everything in flight has been cancelled; closes when nothing is left in flight.
        case ending
        /// One side was reset; the other still gets what was read before, then its own reset.
        case flushing
    }

    /// How the sockets are closed in the end.
    enum Ending: UInt8 {
        /// Both streams have ended: ordinary close.
        case graceful
        /// Reset on both sides at once.
        case reset
        /// The upstream was reset: the client is reset after the bytes that preceded.
        case resetClientAfterBytes
        /// The client was reset: the upstream is reset after the bytes that preceded.
        case resetUpstreamAfterBytes
    }

    // The order keeps it at 136 bytes: most connections are idle, and memory is what they cost.

    var generation: UInt32
    var phase: Phase
    var ending: Ending
    var reason: CloseReason
    /// A send to this side failed, or a receive from it: the end of its stream, when it comes, is a reset.
    var clientIsGone: Bool
    var upstreamIsGone: Bool
    /// The connect in flight has run out of its time.
    var attemptExpired: Bool
    /// The client's end of stream was seen while no upstream was connected.
    var clientFinishedEarly: Bool
    /// This side's stream ended first.
    var hasFirstEnd: Bool
    var isCounted: Bool
    /// Whether the ended side of a half-closed session is watched for its reset.
    var watchesHalfClosed: Bool
    /// Operations in flight: bit n for the operation with raw value n.
    var inFlight: UInt16
    var service: UInt16
    var attempts: UInt16
    /// An errno.
    var error: Int16
    /// The last bytes went to the upstream.
    var awaitsAnswer: Bool
    /// Whether both sockets are probed when they are silent.
    var isKeptAlive = false
    var client: Int32
    var upstream: Int32
    /// The slot on which the session is counted, while `isCounted`.
    var endpointSlot: UInt32
    /// The revision of the endpoints that the last choice was made from, until there is a connection; then ``owedBytes``.
    var triedRevision: UInt32
    /// Where the endpoints that were tried in vain are kept: a slot plus one, or 0 while there are none.
    var tried: UInt32
    /// While dialing, when the attempt began, counted from the accept; then how long it took to connect.
    var connectMicroseconds: UInt32
    var firstByteMicroseconds: UInt32
    /// When one stream had ended while the other went on, counted from the accept; ``never`` before that.
    var halfClosedMilliseconds: UInt32
    /// Lines about the living connection that were due so far.
    var reports: UInt32
    /// ``other`` while dialing, ``connectedMicroseconds`` while relaying, ``unsentBytes`` while flushing.
    var number: UInt32 = 0
    var clientAddress: CompactAddress
    /// Of the endpoint, while an attempt is under way.
    var upstreamPort: UInt16 = 0
    /// The upstream's socket holds nothing back (TCP_NODELAY).
    var sendsAtOnce = false
    /// 0 until an endpoint was chosen.
    var endpoint: UInt64
    var connection: UInt64
    var acceptedAt: Deadline
    var lastActivity: Deadline
    var txBytes: UInt64
    var rxBytes: UInt64

    /// While dialing: the slot of the spare plus one, and for the spare that of its session; 0 for none.
    var other: UInt32 {
        get { number }
        set { number = newValue }
    }
    /// While relaying: when the upstream was connected, counted from the accept.
    var connectedMicroseconds: UInt32 {
        get { number }
        set { number = newValue }
    }
    /// While relaying: what the peers had not acknowledged when that was looked at last; ``unknown`` after bytes have moved.
    var owedBytes: UInt32 {
        get { triedRevision }
        set { triedRevision = newValue }
    }
    /// While flushing: what the kernel has not sent yet.
    var unsentBytes: UInt32 {
        get { number }
        set { number = newValue }
    }

    @inline(__always)
    var hasFirstByte: Bool { firstByteMicroseconds != Self.unknownMicroseconds }

    /// What ``owedBytes`` is before it was looked at.
    static let unknown = UInt32.max
    /// What ``halfClosedMilliseconds`` is before it happens.
    static let never = UInt32.max
    /// Not measured (yet).
    static let unknownMicroseconds = UInt32.max
}

/// A client's address in 20 bytes, for the access log.
struct CompactAddress: BitwiseCopyable {
    private var bytes: InlineArray<16, UInt8>
    private var port: UInt16
    private var family: UInt8

    /// A client of a unix listener.
    static var unix: CompactAddress {
        var address = CompactAddress()
        address.family = 1
        return address
    }

    /// Not known: it had gone already, or it was not asked for.
    init() {
        bytes = InlineArray(repeating: 0)
        port = 0
        family = 0
    }

    init(_ address: SocketAddress) {
        self.init()
        port = address.port
        switch address.family {
        case AddressFamily.ipv4:
            family = 4
            for index in 0..<4 { bytes[index] = address.byte(at: 4 + index) }
        case AddressFamily.ipv6:
            family = 6
            for index in 0..<16 { bytes[index] = address.byte(at: 8 + index) }
        case AddressFamily.unix:
            family = 1
        case _:
            break
        }
    }

    var isKnown: Bool { family != 0 }

    /// `127.0.0.1:50000`, `[::1]:50000`, `unix`, or nil if it is not known.
    var text: String? {
        switch family {
        case 4: SocketAddress(ipv4: (0..<4).map { bytes[$0] }, port: port).clientText
        case 6: SocketAddress(ipv6: (0..<16).map { bytes[$0] }, port: port).clientText
        case 1: "unix"
        case _: nil
        }
    }
}

extension SocketAddress {
    /// An IPv4 client of a dual-stack listener is shown as the IPv4 address it has (RFC 4291, 2.5.5.2).
    fileprivate var clientText: String {
        let text = description
        return text.hasPrefix("[::ffff:") && text.contains(".")
            ? text.dropFirst("[::ffff:".count).split(separator: "]").joined()
            : text
    }
}
