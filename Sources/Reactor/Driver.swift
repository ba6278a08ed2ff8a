import Glibc

/// The index of a receive buffer in a driver's pool.
public typealias BufferIndex = UInt16

/// Where a receive takes its buffer from.
public enum BufferPool: UInt8, BitwiseCopyable, Sendable {
    /// For every receive. Connections whose destination does not take its bytes may come to own all of it.
    case common
    /// Smaller buffers, only for bytes whose destination can take them at this moment: so they come back at once.
    case reserve
}

/// One result of one operation.
@frozen
public struct Completion: Sendable {
    public let token: Token
    /// Bytes moved, a descriptor (accept), a poll mask or 0; or a negated `errno`.
    public let result: Int32
    /// The buffer that holds the received bytes; the receiver owns it until it calls `release`.
    public let buffer: BufferIndex?
    /// More results of the same operation follow. Accepts and polls yield many, all others one.
    public let more: Bool
    /// The socket had more bytes than the buffer took; false where the driver does not know.
    public let leftBytes: Bool

    @inline(__always)
    public init(
        token: Token,
        result: Int32,
        buffer: BufferIndex? = nil,
        more: Bool = false,
        leftBytes: Bool = false
    ) {
        self.leftBytes = leftBytes
        self.token = token
        self.result = result
        self.buffer = buffer
        self.more = more
    }
}

/// Who is told of completions.
public protocol CompletionHandler: AnyObject {
    func complete(_ completion: Completion)
}

/// The seam between the proxy and the kernel: operations on sockets, and their results.
///
/// The contract, for every implementation:
///
/// - An operation yields results until its final one (`more == false`), which comes exactly once. Until then its
///   socket must not be closed and its buffer must not be released.
/// - A result is never delivered from inside a verb: only from ``deliver(to:)``, one after the other.
/// - Per socket at most one receive (or wait for data), one send, one connect, and two polls (for room and for its
///   end) are in flight. All have tokens of one slot and generation, and of one side: these name the socket until it
///   is closed.
/// - A socket belongs to the owner that its operations name. It may become that of another owner, in place of the one
///   that had before, while nothing is in flight on either.
/// - A verb never fails: what goes wrong arrives as a completion with a negated `errno`.
/// - `-ENOBUFS` from a receive means that no buffer was free: nothing was read, and the caller tries again when
///   one has been released. `-ECANCELED` follows ``cancel(_:)``, unless the operation finished first.
/// - All verbs are called on the thread that made the driver; only the wake-up may be used elsewhere.
/// - What works on its descriptors beside the operations goes through ``sockets``, and time is ``now``.
public protocol Driver: AnyObject {
    associatedtype Sockets: SocketCalls

    /// The calls that need no operation because they finish at once.
    var sockets: Sockets { get }
    /// The clock that deadlines are read on.
    var now: Deadline { get }

    /// Accepts connections until something ends it: each result is a non-blocking, close-on-exec descriptor.
    func accept(on listener: Int32, token: Token)
    /// Begins to connect. What is connected at once, as it mostly is within a machine, needs no operation; else the completion
    /// brings a negated `errno`, or bits of poll(2): with ``PollEvents/hangup`` among them it has failed, and the socket tells
    /// why (``SocketCalls/takeError(_:)``).
    ///
    /// - Returns: whether it is connected, and no completion follows.
    func connect(_ socket: Int32, to address: UnsafePointer<SocketAddress>, token: Token) -> Bool
    /// Receives into one buffer of the pool, which is taken only when there is data.
    func receive(from socket: Int32, into pool: BufferPool, token: Token)
    /// Yields the bits of poll(2) once, when there is data, an end of stream or an error; at once if there is now.
    func awaitReadable(_ socket: Int32, token: Token)
    /// Yields the bits of poll(2) when data, an end of stream or an error comes, at once if there is something now, and
    /// again whenever more comes, until it is cancelled. Only what is new is told: who leaves something behind must look
    /// again by himself. On TCP a short receive leaves nothing behind unless ``PollEvents/hidesMore(_:)``; on a unix socket
    /// it may (descriptors end it: unix(7)).
    func watch(_ socket: Int32, token: Token)
    /// Sends `count` bytes of the buffer from `offset` on. The result may be less than `count`.
    func send(to socket: Int32, buffer: BufferIndex, offset: UInt32, count: UInt32, token: Token)
    /// Yields the poll(2) bits that are set when one of `events`, an error or a hang-up is there, and again whenever
    /// one of them comes about, until it is cancelled. Look at the bits: `POLLRDHUP` is reported unasked (io_uring
    /// does so since it has polls), and stays set once the peer has ended its stream.
    func poll(_ socket: Int32, events: UInt32, token: Token)
    /// Asks for the early end of an operation in flight; its final result still comes. What is asked for later under the same
    /// token is not meant: requests are taken in order.
    func cancel(_ token: Token)
    /// Gives a buffer back to the pool.
    func release(_ buffer: BufferIndex)

    /// Receives what is there now into a common buffer that the caller owns: the number of bytes, 0 at the end of the stream, or
    /// a negated `errno`; `-EAGAIN` when there is nothing.
    func receive(from socket: Int32, into buffer: BufferIndex) -> Int32
    /// With no send in flight: sends what the socket takes now of the first `count` bytes of a buffer: their number, or a negated `errno`;
    /// `-EAGAIN` when it takes none.
    func send(to socket: Int32, buffer: BufferIndex, count: UInt32) -> Int32
    /// Bytes that a common buffer takes.
    var bufferSize: Int { get }

    /// Buffers of a pool that are free now.
    func freeBuffers(in pool: BufferPool) -> Int
    /// Starts what was asked for, and sleeps until there is a result, a wake-up, or the deadline. A wake-up that is
    /// signalled after a wait has returned ends the next one.
    func wait(until deadline: Deadline)
    /// Hands every result that is there to `handler`; the handler may call any verb.
    func deliver<Handler: CompletionHandler>(to handler: Handler)

    /// System calls made by ``wait(until:)`` and by full queues, since the start.
    var enters: UInt64 { get }
}

/// What every driver of the kernel's own sockets has.
extension Driver where Sockets == KernelSockets {
    @inlinable @inline(__always)
    public var sockets: KernelSockets { KernelSockets() }
    @inlinable @inline(__always)
    public var now: Deadline { .now() }
}

/// Bits of poll(2) for ``Driver/poll(_:events:token:)``.
public enum PollEvents {
    public static let writable = UInt32(POLLOUT)
    /// The peer has reset the connection, or both directions are shut down. Reported whether asked for or not.
    public static let hangup = UInt32(POLLERR | POLLHUP)
    /// An error is pending on the socket.
    public static let error = UInt32(POLLERR)
    /// The peer has ended its stream (`POLLRDHUP`, Linux 2.6.17).
    public static let endOfStream = UInt32(0x2000)
    /// Urgent data (tcp(7)). Only where ``ofWakeup`` is not there too.
    public static let urgent = UInt32(POLLPRI)
    /// No socket that was looked at has this bit (tcp_poll(), unix_poll() of Linux), but every wake-up for data brings it,
    /// with `POLLPRI` (sock_def_readable()), and io_uring passes that on without a look where it was the only one.
    public static let ofWakeup = UInt32(POLLRDBAND)

    /// Whether more may stand behind a receive that brings less than it could: an end, an error, or what follows an urgent
    /// byte, at which receives stop.
    @inline(__always)
    public static func hidesMore(_ result: Int32) -> Bool {
        let bits = UInt32(bitPattern: result)
        return bits & (hangup | endOfStream) != 0 || bits & (urgent | ofWakeup) == urgent
    }

    /// Whether a result of a poll has one of these bits; a negated `errno` has none.
    @inline(__always)
    public static func result(_ result: Int32, has events: UInt32) -> Bool {
        result > 0 && UInt32(bitPattern: result) & events != 0
    }
}
