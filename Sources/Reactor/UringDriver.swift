import CURing
import Glibc

/// The driver on io_uring: one ring, locked to the operations it uses, two provided-buffer rings, one thread.
///
/// Needs Linux 6.1: `SINGLE_ISSUER` (6.0), `DEFER_TASKRUN` (6.1), provided-buffer rings and multishot accept (5.19).
/// Create it on the thread that will use it (io_uring_setup(2), `IORING_SETUP_SINGLE_ISSUER`).
@safe public final class UringDriver: Driver {
    public typealias Sockets = KernelSockets

    /// What the driver asks of the kernel; counts are powers of two.
    public struct Options: Sendable {
        public var submissionEntries: UInt32 = 512
        public var completionEntries: UInt32 = 4096
        public var buffers = BufferSizes()
        /// Nanoseconds to watch the ring before sleeping; 0 is off.
        public var busyPoll: UInt64 = 0
        public init() {}

        /// Asks for half as much, or returns false when that would be too little to work with.
        public mutating func halve() -> Bool {
            guard submissionEntries > 64 else { return false }
            submissionEntries /= 2
            completionEntries /= 2
            _ = buffers.halve()
            return true
        }
    }

    /// `user_data` of operations of the driver itself; no session's token has this operation number.
    private static let wakeupToken: UInt64 = .max
    private static let cancelToken: UInt64 = .max - 1
    /// Completions handed out before the kernel may overwrite them.
    private static let batch: UInt32 = 128
    /// Before the kernel is asked again to take submissions that it had no memory for.
    private static let refusedPauseMicroseconds: UInt32 = 1_000

    @usableFromInline let ring: UnsafeMutablePointer<io_uring>
    @usableFromInline let common: ProvidedBuffers
    @usableFromInline let reserve: ProvidedBuffers
    private let state: UnsafeMutablePointer<State>
    /// Of connects that have failed at once.
    private let failures = CompletionQueue()
    private let wakeup: Wakeup
    private let busyPoll: UInt64
    /// What this kernel has of what is used where it is there.
    public let features: KernelFeatures

    private struct State: BitwiseCopyable {
        var enters: UInt64
    }

    /// - Parameter wakeup: ends a ``wait(until:)``; the driver reads it, any thread may signal it.
    /// - Throws: what io_uring_setup(2), io_uring_register(2) or io_uring_enter(2) refuse: `EPERM` (seccomp, sysctl),
    ///   `ENOSYS`, `ENOMEM`, `EINVAL` (a kernel older than 6.1).
    public init(wakeup: Wakeup, options: Options = Options()) throws(SystemError) {
        self.wakeup = wakeup
        common = try ProvidedBuffers(
            group: 0,
            firstIndex: 0,
            count: options.buffers.commonCount,
            size: options.buffers.commonSize
        )
        reserve = try ProvidedBuffers(
            group: 1,
            firstIndex: BufferIndex(options.buffers.commonCount),
            count: options.buffers.reserveCount,
            size: options.buffers.reserveSize
        )
        let ring = UnsafeMutablePointer<io_uring>.allocate(capacity: 1)
        unsafe memset(ring, 0, MemoryLayout<io_uring>.size)
        do throws(SystemError) {
            features = try unsafe Self.setUp(ring, options, [common, reserve])
        } catch {
            if unsafe ring.pointee.ring_fd > 0 { unsafe io_uring_queue_exit(ring) }
            unsafe ring.deallocate()
            throw error
        }
        busyPoll = options.busyPoll
        unsafe self.ring = ring
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: State(enters: 0))
        armWakeup()
        // A seccomp profile may allow to make a ring and refuse to enter it.
        let code = unsafe fanout_ring_wait(ring, 0, nil)
        guard code >= 0 else { throw SystemError("io_uring_enter", errno: -code) }
    }

    /// Creates the ring, registers what it needs, and locks it.
    private static func setUp(
        _ ring: UnsafeMutablePointer<io_uring>,
        _ options: Options,
        _ pools: [ProvidedBuffers]
    ) throws(SystemError) -> KernelFeatures {
        func check(_ code: Int32, _ call: String) throws(SystemError) {
            guard code == 0 else { throw SystemError(call, errno: -code) }
        }
        let (entries, completions) = (options.submissionEntries, options.completionEntries)
        let announcesWork: Int32 = options.busyPoll > 0 ? 1 : 0
        try check(unsafe fanout_ring_init(ring, entries, completions, announcesWork), "io_uring_setup")
        for pool in pools {
            try check(unsafe pool.register(with: ring), "io_uring_register of the receive buffers")
        }
        // io_uring_enter(2) without looking the ring's descriptor up (Linux 5.18).
        let isRegistered = unsafe io_uring_register_ring_fd(ring) == 1
        try check(unsafe fanout_ring_lock(ring), "io_uring_register of the restrictions")
        return KernelFeatures([("registered_ring", isRegistered), ("splice", KernelFeatures.allowsSplice)])
    }

    deinit {
        // The kernel ends what is in flight by itself, soon after; buffers unmapped before that give it EFAULT.
        unsafe io_uring_queue_exit(ring)
        unsafe ring.deallocate()
        unsafe state.deallocate()
    }

    @inlinable public func freeBuffers(in pool: BufferPool) -> Int {
        switch pool {
        case .common: common.free
        case .reserve: reserve.free
        }
    }

    /// How often the ring was entered, each time one system call.
    public var enters: UInt64 { unsafe state.pointee.enters }

    // MARK: Verbs

    public func accept(on listener: Int32, token: Token) {
        let sqe = unsafe submission()
        unsafe io_uring_prep_multishot_accept(
            sqe,
            listener,
            nil,
            nil,
            Int32(bitPattern: SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        )
        unsafe sqe.pointee.user_data = token.rawValue
    }

    public func connect(_ socket: Int32, to address: UnsafePointer<SocketAddress>, token: Token) -> Bool {
        let code = unsafe Socket.connectAtOnce(socket, to: address)
        guard code == -EALREADY else {
            if code < 0 { failures.append(Completion(token: token, result: code)) }
            return code == 0
        }
        let sqe = unsafe submission()
        unsafe io_uring_prep_poll_add(sqe, socket, UInt32(POLLOUT))
        unsafe sqe.pointee.user_data = token.rawValue
        return false
    }

    public func receive(from socket: Int32, into pool: BufferPool, token: Token) {
        let sqe = unsafe submission()
        unsafe fanout_prep_receive(sqe, socket, pool == .common ? common.group : reserve.group)
        unsafe sqe.pointee.user_data = token.rawValue
    }

    public func awaitReadable(_ socket: Int32, token: Token) {
        let sqe = unsafe submission()
        unsafe io_uring_prep_poll_add(sqe, socket, UInt32(POLLIN))
        unsafe sqe.pointee.user_data = token.rawValue
    }

    public func watch(_ socket: Int32, token: Token) {
        let sqe = unsafe submission()
        let events = UInt32(POLLIN) | PollEvents.endOfStream | PollEvents.urgent | PollEvents.ofWakeup
        unsafe io_uring_prep_poll_multishot(sqe, socket, events)
        unsafe sqe.pointee.user_data = token.rawValue
    }

    public var bufferSize: Int { common.size }

    @inlinable @inline(__always)
    public func receive(from socket: Int32, into buffer: BufferIndex) -> Int32 {
        unsafe Socket.receive(socket, common.address(of: buffer), common.size)
    }

    @inlinable @inline(__always)
    public func send(to socket: Int32, buffer: BufferIndex, count: UInt32) -> Int32 {
        unsafe Socket.send(socket, common.address(of: buffer), Int(count))
    }

    @inlinable @inline(__always)
    public func send(to socket: Int32, buffer: BufferIndex, offset: UInt32, count: UInt32, token: Token) {
        let sqe = unsafe submission()
        let flags = Int32(MSG_NOSIGNAL | MSG_WAITALL)
        unsafe io_uring_prep_send(sqe, socket, address(of: buffer) + Int(offset), Int(count), flags)
        unsafe sqe.pointee.user_data = token.rawValue
    }

    public func poll(_ socket: Int32, events: UInt32, token: Token) {
        let sqe = unsafe submission()
        // Multishot: a single poll would answer at once, and for ever, after an end of stream (POLLRDHUP is always on).
        unsafe io_uring_prep_poll_multishot(sqe, socket, events)
        unsafe sqe.pointee.user_data = token.rawValue
    }

    public func cancel(_ token: Token) {
        let sqe = unsafe submission()
        unsafe io_uring_prep_cancel64(sqe, token.rawValue, 0)
        // ENOENT (it has just finished) needs no answer: the operation's own result says it.
        unsafe sqe.pointee.user_data = Self.cancelToken
        unsafe sqe.pointee.flags |= FANOUT_IOSQE_CQE_SKIP_SUCCESS
    }

    // Each asks which pool it is by itself: to hand the pool on would be to count a reference for each message.

    @inlinable @inline(__always)
    func isCommon(_ buffer: BufferIndex) -> Bool { buffer < reserve.firstIndex }

    @inlinable @inline(__always)
    public func release(_ buffer: BufferIndex) {
        if isCommon(buffer) { common.release(buffer) } else { reserve.release(buffer) }
    }

    @inline(__always)
    private func taken(_ buffer: BufferIndex) {
        if isCommon(buffer) { common.taken() } else { reserve.taken() }
    }

    @inlinable @inline(__always)
    func address(of buffer: BufferIndex) -> UnsafeMutableRawPointer {
        unsafe isCommon(buffer) ? common.address(of: buffer) : reserve.address(of: buffer)
    }

    // MARK: Turning

    public func wait(until deadline: Deadline) {
        guard failures.isEmpty else {
            unsafe state.pointee.enters &+= 1
            _ = unsafe fanout_ring_wait(ring, 0, nil)
            return
        }
        if busyPoll > 0 && spin(until: deadline) { return }
        unsafe state.pointee.enters &+= 1
        // ETIME and EINTR are ordinary ends of a wait.
        if deadline == .never {
            _ = unsafe fanout_ring_wait(ring, 1, nil)
            return
        }
        let remaining = deadline.since(.now())
        var timeout = __kernel_timespec()
        timeout.tv_sec = Int64(remaining / 1_000_000_000)
        timeout.tv_nsec = Int64(remaining % 1_000_000_000)
        _ = unsafe fanout_ring_wait(ring, 1, &timeout)
    }

    /// Submits, and watches the ring for a while; false if there is nothing to deliver after it.
    private func spin(until deadline: Deadline) -> Bool {
        unsafe state.pointee.enters &+= 1
        _ = unsafe fanout_ring_wait(ring, 0, nil)
        let end = min(deadline, Deadline.now().advanced(by: busyPoll))
        return unsafe fanout_ring_spin(ring, end.nanoseconds) != 0
    }

    public func deliver<Handler: CompletionHandler>(to handler: Handler) {
        common.beginTurn()
        reserve.beginTurn()
        for _ in 0..<failures.count { handler.complete(failures.removeFirst()) }
        var ready = unsafe fanout_cq_ready(ring)
        while ready > 0 {
            let count = min(ready, Self.batch)
            for index in 0..<count { deliver(unsafe fanout_cqe(ring, index).pointee, to: handler) }
            unsafe fanout_cq_advance(ring, count)
            ready &-= count
        }
    }

    @inline(__always)
    private func deliver<Handler: CompletionHandler>(_ cqe: io_uring_cqe, to handler: Handler) {
        let data = cqe.user_data
        if data >= Self.cancelToken {
            if data == Self.wakeupToken, cqe.flags & UInt32(IORING_CQE_F_MORE) == 0 { armWakeup() }
            return
        }
        let flags = cqe.flags
        var buffer: BufferIndex? = nil
        if flags & UInt32(IORING_CQE_F_BUFFER) != 0 {
            let index = BufferIndex(truncatingIfNeeded: flags >> UInt32(IORING_CQE_BUFFER_SHIFT))
            taken(index)
            if cqe.res > 0 {
                buffer = index
            } else {
                release(index)
            }
        } else if cqe.res == -SystemError.noBuffer {
            foundNoBuffer()
        }
        let more = flags & UInt32(IORING_CQE_F_MORE) != 0
        let leftBytes = flags & UInt32(IORING_CQE_F_SOCK_NONEMPTY) != 0
        handler.complete(
            Completion(
                token: Token(rawValue: data),
                result: cqe.res,
                buffer: buffer,
                more: more,
                leftBytes: leftBytes
            )
        )
    }

    /// A receive found none. The kernel may have taken all of them long before their results are looked at, with others
    /// given back in between.
    @inline(never)
    private func foundNoBuffer() {
        common.giveMore()
        reserve.giveMore()
    }

    // MARK: The ring

    /// The next free submission entry; when all are taken, the kernel is asked to take them first.
    @inlinable @inline(__always)
    func submission() -> UnsafeMutablePointer<io_uring_sqe> {
        if let sqe = unsafe fanout_next_sqe(ring) { return unsafe sqe }
        return unsafe submissionAfterSubmit()
    }

    @usableFromInline @inline(never)
    func submissionAfterSubmit() -> UnsafeMutablePointer<io_uring_sqe> {
        while true {
            unsafe state.pointee.enters &+= 1
            let taken = unsafe io_uring_submit(ring)
            if let sqe = unsafe io_uring_get_sqe(ring) { return unsafe sqe }
            // No memory for requests (EAGAIN, io_uring_enter(2)); nothing may be dropped, and StallWatch tells of it.
            if taken < 0 { usleep(Self.refusedPauseMicroseconds) }
        }
    }

    /// A multishot poll that nobody reads after: each signal is an event of its own, so that none that comes between
    /// a wait and the clearing of an earlier one can be lost.
    @inline(never)
    private func armWakeup() {
        let sqe = unsafe submission()
        unsafe io_uring_prep_poll_multishot(sqe, wakeup.descriptor, UInt32(POLLIN))
        unsafe sqe.pointee.user_data = Self.wakeupToken
    }
}
