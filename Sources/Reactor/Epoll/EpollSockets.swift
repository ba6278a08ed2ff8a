import Glibc

/// What the epoll driver knows of one descriptor: the operations that are parked on it, and what it is ready for.
struct EpollSocket: BitwiseCopyable {
    enum Incoming: UInt8 {
        case none
        case receive
        case receiveFromReserve
        case readable
        case accept
    }

    enum Outgoing: UInt8 {
        case none
        case send
        case connect
    }

    /// A poll that is armed; `events` is 0 where none is.
    struct Poll: BitwiseCopyable {
        var token: UInt64 = 0
        var events: UInt32 = 0
    }

    var incomingToken: UInt64 = 0
    var outgoingToken: UInt64 = 0
    var room = Poll()
    var end = Poll()
    /// Whose socket it was when it was registered; 0 where it is not.
    var owner: UInt64 = 0
    var offset: UInt32 = 0
    var count: UInt32 = 0
    var buffer: BufferIndex = 0
    var incoming = Incoming.none
    var outgoing = Outgoing.none
    /// The last attempt did not show the opposite.
    var isReadable = false
    var isWritable = false
    /// An end of stream, an error or an urgent byte has been seen: a short receive does not mean that nothing is left.
    var mayHideMore = false

    var isIdle: Bool { incoming == .none && outgoing == .none && room.events == 0 && end.events == 0 }
}

/// The sockets of the epoll driver by descriptor, and the descriptor of each operation.
///
/// Tables for the worst case, whose pages become real as they are used. One thread's.
@safe final class EpollSockets {
    /// Descriptors (RLIMIT_NOFILE) and owners (one for each connection) beyond this many are not foreseen.
    private static let most = 1 << 22
    private static let operationsOfOwner = 16

    private let capacity: Int
    private let socketMemory: LazyMemory
    private let operationMemory: LazyMemory
    private let sockets: UnsafeMutablePointer<EpollSocket>
    private let descriptors: UnsafeMutablePointer<Int32>

    init() throws(SystemError) {
        var limit = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        capacity = Int(clamping: min(limit.rlim_max, UInt(Self.most)))
        socketMemory = try LazyMemory(bytes: capacity * MemoryLayout<EpollSocket>.stride)
        operationMemory = try LazyMemory(bytes: capacity * Self.operationsOfOwner * MemoryLayout<Int32>.stride)
        // Zeroes are an unregistered socket.
        unsafe sockets = socketMemory.bound(to: EpollSocket.self, count: capacity)
        unsafe descriptors = operationMemory.bound(to: Int32.self, count: capacity * Self.operationsOfOwner)
    }

    func socket(_ descriptor: Int32) -> UnsafeMutablePointer<EpollSocket> {
        precondition(descriptor >= 0 && Int(descriptor) < capacity, "a descriptor beyond the limit")
        return unsafe sockets + Int(descriptor)
    }

    /// Remembers on which descriptor an operation is.
    func note(_ descriptor: Int32, of token: Token) { unsafe descriptors[place(of: token)] = descriptor }

    /// The descriptor of an operation that was noted once.
    func descriptor(of token: Token) -> Int32 { unsafe descriptors[place(of: token)] }

    private func place(of token: Token) -> Int {
        precondition(token.slot < UInt32(capacity), "an owner beyond the limit")
        return Int(token.slot) * Self.operationsOfOwner + Int(token.operation.rawValue)
    }
}
