import Glibc
import Reactor

/// One connection of a worker, with both ends: the socket that the worker has, and the peer far away.
///
/// What each stream carries is a pattern of its connection and position, so counts say which bytes are where.
final class Connection {
    enum Role { case client, upstream }

    /// What the peer has seen of the end.
    enum End { case none, fin, reset }

    let number: Int
    let role: Role
    /// The address of the client, or of the endpoint that was connected to.
    var address: SocketAddress
    var peer: Peer

    // The worker's end.
    /// -1 before it is accepted and after it is closed.
    var descriptor: Int32 = -1
    /// Slot and generation of the session whose operations were seen on it.
    var owner: UInt64?
    /// The other side of the session, as soon as it was asked to be connected.
    var partner: Connection?
    /// Whose spare this is, until its session has taken it over.
    var spareOf: Connection?
    var isEstablished = false
    /// The worker whose it is, from its accept on; another one once it is handed over.
    var holder: Int?
    var wasHandedOver = false
    /// Its worker has done something with it.
    var isServed = false
    /// A client of a unix listener. Its peer cannot reset: what is a reset elsewhere is a close, after which it is at its
    /// end; and an error only where it had not read everything (unix_release_sock() of Linux).
    var isUnix = false
    /// Its peer has closed without having read everything.
    var diedOverBytes = false
    /// A send to it was told that nobody is there.
    var hasFailedSend = false
    var isSelfConnected = false
    var isKeptAlive = false
    /// Whether the connect was told to have succeeded.
    var wasRelayed = false
    var relayedAt: UInt64 = 0

    // From the peer to the worker.
    /// Bytes that have arrived and were not read.
    var inbound = 0
    /// Bytes that were read.
    var readCount = 0 {
        didSet { if oldValue == 0 { firstReadEnd = readCount } }
    }
    /// Where what was read first has ended.
    private(set) var firstReadEnd = 0
    var hasFin = false
    /// An urgent byte lies before the next ordinary one.
    var isAtUrgentByte = false
    /// The pending error of the socket, told once.
    var error: Int32 = 0
    /// Reset, or given up by the kernel: there is no peer any more.
    var isDead = false
    /// It had gone when the worker closed it.
    var wasDeadAtClose = false
    var diedAt: UInt64 = 0

    // From the worker to the peer.
    /// Bytes that the kernel has taken and the peer has not.
    var queued = 0
    /// A send or a poll has found no room: the kernel tells when there is some again, and only then (SOCK_NOSPACE of
    /// Linux).
    var wantsRoom = false
    /// TCP_NODELAY.
    var sendsAtOnce = false
    /// Bytes that the kernel has ever taken.
    var accepted = 0
    /// shutdown(2) or an ordinary close: a FIN follows the queue.
    var sendsFin = false
    /// A FIN that shutdown(2) was asked for.
    var wasShutDown = false
    var lastProgress: UInt64 = 0
    /// The peer has taken nothing for so long, although there was something.
    var longestStall: UInt64 = 0
    var end = End.none
    var wasReset = false
    var resetAt: UInt64 = 0
    /// Received bytes that an injected failure has taken away.
    var hasLostBytes = false

    /// Grows with everything that comes from the peer: bytes, an end, an error.
    var arrivals = 0
    /// Grows with everything that the product's polls are woken for; arriving bytes are not (their key is POLLIN).
    var edges = 0

    init(number: Int, role: Role, address: SocketAddress, peer: Peer) {
        self.number = number
        self.role = role
        self.address = address
        self.peer = peer
    }

    /// The byte of the peer's stream at a position.
    @inline(__always)
    static func byte(of number: Int, at position: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: position &* 167 &+ number &* 59 &+ position >> 8)
    }

    /// The worker has closed it in the ordinary way.
    var isClosed: Bool { descriptor < 0 && sendsFin }
    var isReadable: Bool { inbound > 0 || hasFin || isDead }
    /// Whether the kernel would take at least one byte.
    var hasRoom: Bool { queued < peer.window }
    var room: Int { max(0, peer.window - queued) }

    /// getpeername(2) fails: reset, or both FINs are acknowledged.
    var isOver: Bool { !isUnix && (isDead || (hasFin && sendsFin && queued == 0)) }

    /// What poll(2) would say (tcp_poll() of Linux).
    var pollBits: UInt32 {
        var bits: UInt32 = 0
        if isDead {
            bits = UInt32(POLLIN | POLLOUT | POLLHUP) | PollEvents.endOfStream
            if error != 0 { bits |= UInt32(POLLERR) }
            return bits
        }
        if isReadable { bits |= UInt32(POLLIN) }
        if hasFin { bits |= PollEvents.endOfStream }
        // A third of the queue is free (sk_stream_is_writeable() of Linux).
        if (hasRoom && room >= queued / 2) || sendsFin { bits |= UInt32(POLLOUT) }
        if hasFin && sendsFin { bits |= UInt32(POLLHUP) }
        return bits
    }

    /// Whether this end has met something that may end a session as reset.
    var isHarmed: Bool { peer.hasReset || hasFailed }
    /// Whether the worker can know that it is gone: of a unix peer that has closed only by its own sends, or by what the
    /// peer had not read.
    var isSeenGone: Bool { isHarmed && (!isUnix || diedOverBytes || hasFailedSend || hasFailed) }
    /// An injected failure has told the worker that it is gone.
    var hasFailed = false

    var title: String { "\(role == .client ? "client" : "upstream") \(number)" }
}
