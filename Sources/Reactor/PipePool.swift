import Glibc

/// The index of a pipe in a ``PipePool``.
public typealias PipeIndex = UInt16

/// Pipes through which splice(2) moves bytes from socket to socket without copying them; all calls finish at once.
///
/// Owned and used by one thread. Pipes are made when they are wanted and kept for the next user; when none is in use
/// any more all are closed, so that a worker at rest holds none. Bytes on their way stay in the kernel.
@safe public final class PipePool<Sockets: SocketCalls> {
    public let capacity: Int
    /// What a pipe is asked to hold, in bytes: enough for what a wake-up brings of a fast stream.
    private let pipeBytes: Int32
    /// What a fill asks for, at most: as much of the pipe as is whole segments on loopback. What is over would become a
    /// tiny segment of its own with each drain.
    private let fillBytes: UInt32
    /// The largest payload of a TCP segment on loopback: an IPv4 packet of 65,535 bytes less 20 bytes for IP and 32 for TCP
    /// with timestamps.
    private static var loopbackSegment: Int { 65_483 }
    private let memory: LazyMemory
    private let pipes: UnsafeMutablePointer<Pipe>
    private let counts: UnsafeMutablePointer<Counts>
    private let sockets: Sockets

    private struct Pipe: BitwiseCopyable {
        /// Plus one, so that zeroes mean no pipe; likewise ``writeEnd``.
        var readEnd: Int32
        var writeEnd: Int32
        var bytes: UInt32
        var isInUse: Bool
    }

    private struct Counts: BitwiseCopyable {
        var inUse: Int
        /// splice(2) was refused for good.
        var isForbidden: Bool
    }

    /// - Parameter capacity: pipes in use together, at most.
    public init(capacity: Int, pipeBytes: Int, sockets: Sockets) throws(SystemError) {
        self.sockets = sockets
        self.capacity = min(capacity, Int(PipeIndex.max))
        self.pipeBytes = Int32(clamping: pipeBytes)
        let segments = pipeBytes / Self.loopbackSegment
        fillBytes = UInt32(clamping: segments > 0 ? segments * Self.loopbackSegment : pipeBytes)
        memory = try LazyMemory(bytes: max(1, self.capacity) * MemoryLayout<Pipe>.stride)
        unsafe pipes = memory.bound(to: Pipe.self, count: max(1, self.capacity))
        unsafe counts = .allocate(capacity: 1)
        unsafe counts.initialize(to: Counts(inUse: 0, isForbidden: false))
    }

    deinit {
        for index in 0..<capacity {
            unsafe pipes[index].isInUse = false
            close(index)
        }
        unsafe counts.deallocate()
    }

    public var inUse: Int { unsafe counts.pointee.inUse }

    /// An empty pipe, or nil when all are in use or the kernel has none.
    public func take() -> PipeIndex? {
        guard unsafe !counts.pointee.isForbidden else { return nil }
        for index in 0..<capacity where unsafe !pipes[index].isInUse {
            guard unsafe pipes[index].readEnd > 0 || open(index) else { return nil }
            unsafe pipes[index].isInUse = true
            unsafe counts.pointee.inUse += 1
            return PipeIndex(index)
        }
        return nil
    }

    /// The pipe is for others; bytes still in it are thrown away.
    public func giveBack(_ pipe: PipeIndex) {
        let index = Int(pipe)
        precondition(unsafe pipes[index].isInUse, "a pipe was given back twice")
        unsafe pipes[index].isInUse = false
        unsafe counts.pointee.inUse -= 1
        if unsafe pipes[index].bytes > 0 { close(index) }
        if inUse == 0 { for index in 0..<capacity { close(index) } }
    }

    /// Bytes in a pipe.
    @inline(__always)
    public func bytes(in pipe: PipeIndex) -> UInt32 { unsafe pipes[Int(pipe)].bytes }

    /// Moves what `socket` has to offer into the pipe: the number of bytes, 0 at the end of its stream, or a negated
    /// `errno`; `-EAGAIN` when it has nothing now or the pipe takes no more. The socket must not block (splice(2)).
    @inline(__always)
    public func fill(_ pipe: PipeIndex, from socket: Int32) -> Int32 {
        let index = Int(pipe)
        let moved = unsafe sockets.splice(from: socket, to: pipes[index].writeEnd - 1, count: fillBytes)
        if moved > 0 { unsafe pipes[index].bytes += UInt32(bitPattern: moved) }
        return moved
    }

    /// Moves what the pipe holds, which must not be nothing, to `socket`: the number of bytes, or a negated `errno`;
    /// `-EAGAIN` when the socket takes none now.
    @inline(__always)
    public func drain(_ pipe: PipeIndex, into socket: Int32) -> Int32 {
        let index = Int(pipe)
        let moved = unsafe sockets.splice(from: pipes[index].readEnd - 1, to: socket, count: pipes[index].bytes)
        if moved > 0 { unsafe pipes[index].bytes -= UInt32(bitPattern: moved) }
        return moved
    }

    /// Whether a fill that failed with this `errno` says nothing of the stream: the kernel lacks memory at the moment,
    /// or does not allow splice(2) on these sockets at all, after which no pipe is given out any more.
    public func isRefused(_ errno: Int32) -> Bool {
        let isForbidden = errno == EPERM || errno == ENOSYS || errno == EINVAL || errno == EACCES
        if isForbidden { unsafe counts.pointee.isForbidden = true }
        return isForbidden || errno == ENOMEM || errno == ENOBUFS
    }

    private func open(_ index: Int) -> Bool {
        guard let ends = sockets.pipe(bytes: pipeBytes) else { return false }
        unsafe pipes[index] = Pipe(readEnd: ends.readEnd + 1, writeEnd: ends.writeEnd + 1, bytes: 0, isInUse: false)
        return true
    }

    private func close(_ index: Int) {
        guard unsafe pipes[index].readEnd > 0, unsafe !pipes[index].isInUse else { return }
        sockets.closeGracefully(unsafe pipes[index].readEnd - 1)
        sockets.closeGracefully(unsafe pipes[index].writeEnd - 1)
        unsafe pipes[index] = Pipe(readEnd: 0, writeEnd: 0, bytes: 0, isInUse: false)
    }
}
