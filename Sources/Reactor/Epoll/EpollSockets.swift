import Glibc

/// What the epoll driver knows of one connected socket: the operations that are parked on it, and what it is ready for.
struct EpollSocket: BitwiseCopyable {
    enum Incoming: UInt8 {
        case none
        case receive
        case receiveFromReserve
        case readable
        /// Told of whatever comes.
        case watch
    }

    enum Outgoing: UInt8 {
        case none
        case send
        case connect
    }

    // The order keeps it at 32 bytes: a connection has two, and most connections are idle.

    /// The tokens of its operations without the operation, and a bit that makes it unlike 0; 0 where it is not
    /// registered.
    var owner: UInt64 = 0
    var descriptor: Int32 = 0
    /// The part of `buffer` that a parked send is about.
    var offset: UInt32 = 0
    var count: UInt32 = 0
    var buffer: BufferIndex = 0
    /// What the polls that are armed are for, in the bits of poll(2): for room, and for the end. 0 is no poll.
    var room: UInt16 = 0
    var end: UInt16 = 0
    var incoming = Incoming.none
    var outgoing = Outgoing.none
    /// The last attempt did not show the opposite.
    var isReadable = false
    var isWritable = false
    /// An end of stream, an error or an urgent byte has been seen: a short receive does not mean that nothing is left.
    var mayHideMore = false
    var isUpstream = false

    var isIdle: Bool { incoming == .none && outgoing == .none && room == 0 && end == 0 }

    static func owner(of token: Token) -> UInt64 { token.rawValue & 0x00ff_ffff_ffff_ffff | 1 << 63 }

    /// The token of one of its operations, of which it is given both forms.
    func token(_ ofClient: Operation, _ ofUpstream: Operation) -> Token {
        let operation = isUpstream ? ofUpstream : ofClient
        return Token(rawValue: owner & 0x00ff_ffff_ffff_ffff | UInt64(operation.rawValue) << 56)
    }
}

/// A listener of the epoll driver.
struct EpollListener: BitwiseCopyable {
    var token: UInt64 = 0
    var descriptor: Int32 = 0
    var isArmed = false
}

/// The sockets of the epoll driver by their owner, and so by the token of each of their operations.
///
/// Not by descriptor: those of one worker lie scattered among those of all the others, and its table would be as
/// large as theirs together. Tables for the worst case, whose pages become real as they are used. One thread's.
@safe final class EpollSockets {
    /// Owners (one for each connection, so fewer than descriptors: RLIMIT_NOFILE) beyond this many are not foreseen.
    private static let most = 1 << 22

    private let capacity: Int
    private let socketMemory: LazyMemory
    private let listenerMemory: LazyMemory
    private let sockets: UnsafeMutablePointer<EpollSocket>
    private let listeners: UnsafeMutablePointer<EpollListener>

    init() throws(SystemError) {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        capacity = Int(clamping: min(limit.rlim_max, UInt(Self.most)))
        socketMemory = try LazyMemory(bytes: capacity * 2 * MemoryLayout<EpollSocket>.stride)
        listenerMemory = try LazyMemory(bytes: capacity * MemoryLayout<EpollListener>.stride)
        // Zeroes are an unregistered socket.
        unsafe sockets = socketMemory.bound(to: EpollSocket.self, count: capacity * 2)
        unsafe listeners = listenerMemory.bound(to: EpollListener.self, count: capacity)
    }

    /// Where the socket of an operation stands; it is what epoll is given to name it.
    func place(of token: Token) -> Int {
        precondition(token.slot < UInt32(capacity), "an owner beyond the limit")
        return Int(token.slot) * 2 + (token.operation.isOfUpstream ? 1 : 0)
    }

    func socket(at place: Int) -> UnsafeMutablePointer<EpollSocket> { unsafe sockets + place }

    func listener(_ slot: UInt32) -> UnsafeMutablePointer<EpollListener> {
        precondition(slot < UInt32(capacity), "a listener beyond the limit")
        return unsafe listeners + Int(slot)
    }
}
