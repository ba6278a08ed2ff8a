import CURing
import Glibc

/// The driver on epoll(7), for where io_uring is refused: by a seccomp profile, by a sysctl, or for want of it.
///
/// A verb tries its system call at once where the socket may be ready, and parks the operation where it is not; the
/// sockets are registered once, edge-triggered. Results wait in a queue until ``deliver(to:)``. Needs Linux 4.5
/// (`EPOLLEXCLUSIVE`).
@safe public final class EpollDriver: Driver {
    public typealias Sockets = KernelSockets

    public struct Options: Sendable {
        public var buffers = BufferSizes()
        /// Nanoseconds to look for events before sleeping; 0 is off.
        public var busyPoll: UInt64 = 0
        public init() {}
    }

    /// Events that one turn takes at most: the sockets behind them are served before the next are looked at.
    private static let batch = 128
    /// Rounds of results in one turn at most: others wait meanwhile.
    private static let rounds = 4
    /// Connections that one listener gives in one turn at most.
    private static let mostAccepts = 64
    /// What epoll names things by: the wake-up, listeners by this bit and their slot, sockets by their place.
    private static let wakeupName = UInt64.max
    private static let listenerBit: UInt64 = 1 << 63

    let epoll: Int32
    let sockets: EpollSockets
    let results: CompletionQueue
    let common: BufferStack
    let reserve: BufferStack
    private let wakeup: Wakeup
    private let busyPoll: UInt64
    private let events: UnsafeMutablePointer<epoll_event>
    private let enterCount: UnsafeMutablePointer<UInt64>
    public let features = KernelFeatures([("splice", KernelFeatures.allowsSplice)])

    /// - Parameter wakeup: ends a ``wait(until:)``; any thread may signal it.
    /// - Throws: what epoll_create1(2) or epoll_ctl(2) refuse: `EMFILE`, `ENFILE`, `ENOMEM`, `ENOSPC`.
    public init(wakeup: Wakeup, options: Options = Options()) throws(SystemError) {
        self.wakeup = wakeup
        busyPoll = options.busyPoll
        sockets = try EpollSockets()
        results = CompletionQueue()
        let buffers = options.buffers
        common = try BufferStack(firstIndex: 0, count: buffers.commonCount, size: buffers.commonSize)
        let afterCommon = BufferIndex(buffers.commonCount)
        reserve = try BufferStack(firstIndex: afterCommon, count: buffers.reserveCount, size: buffers.reserveSize)
        epoll = fanout_epoll_create()
        guard epoll >= 0 else { throw SystemError("epoll_create1", errno: -epoll) }
        // Edge-triggered and never read: each signal is an event of its own, so none can be lost.
        let code = fanout_epoll_add(epoll, wakeup.descriptor, FANOUT_EPOLLIN | FANOUT_EPOLLET, Self.wakeupName)
        guard code == 0 else {
            Glibc.close(epoll)
            throw SystemError("epoll_ctl", errno: -code)
        }
        unsafe events = .allocate(capacity: Self.batch)
        unsafe enterCount = .allocate(capacity: 1)
        unsafe enterCount.initialize(to: 0)
    }

    deinit {
        Glibc.close(epoll)
        unsafe events.deallocate()
        unsafe enterCount.deallocate()
    }

    public func freeBuffers(in pool: BufferPool) -> Int { buffers(of: pool).free }

    public var enters: UInt64 { unsafe enterCount.pointee }

    func buffers(of pool: BufferPool) -> BufferStack {
        switch pool {
        case .common: common
        case .reserve: reserve
        }
    }

    func stack(of buffer: BufferIndex) -> BufferStack { buffer < reserve.firstIndex ? common : reserve }

    public func release(_ buffer: BufferIndex) { stack(of: buffer).release(buffer) }

    // MARK: Turning

    public func wait(until deadline: Deadline) {
        guard results.isEmpty else {
            enter(0)
            return
        }
        if busyPoll > 0 && spin(until: deadline) { return }
        while true {
            let remaining = deadline == .never ? -1 : Int64(clamping: deadline.since(.now()))
            // A socket that has become ready for what nobody waits for is no reason to wake up.
            if enter(remaining) || !results.isEmpty || remaining == 0 { return }
        }
    }

    /// Looks for events without sleeping; false if there is nothing to deliver after it.
    private func spin(until deadline: Deadline) -> Bool {
        let end = min(deadline, Deadline.now().advanced(by: busyPoll))
        repeat {
            if enter(0) || !results.isEmpty { return true }
        } while Deadline.now() < end
        return false
    }

    /// - Parameter nanoseconds: how long to sleep at most; -1 for ever.
    /// - Returns: whether somebody has signalled the wake-up.
    @discardableResult
    private func enter(_ nanoseconds: Int64) -> Bool {
        unsafe enterCount.pointee &+= 1
        var isWoken = false
        let count = unsafe fanout_epoll_wait(epoll, events, Int32(Self.batch), nanoseconds)
        for index in 0..<max(0, Int(count)) {
            let event = unsafe events[index]
            let name = unsafe event.data.u64
            if name == Self.wakeupName {
                isWoken = true
            } else if name & Self.listenerBit != 0 {
                acceptMore(UInt32(truncatingIfNeeded: name))
            } else {
                react(to: unsafe event.events, at: Int(name >> 32), of: Int32(truncatingIfNeeded: name))
            }
        }
        return isWoken
    }

    public func deliver<Handler: CompletionHandler>(to handler: Handler) {
        // What the handler brings about may be there at once, for instance a send; some rounds of that spare a turn.
        for _ in 0..<Self.rounds where !results.isEmpty {
            for _ in 0..<results.count { handler.complete(results.removeFirst()) }
        }
    }

    // MARK: Listeners

    public func accept(on listener: Int32, token: Token) {
        let state = unsafe sockets.listener(token.slot)
        unsafe state.pointee = EpollListener(token: token.rawValue, descriptor: listener, isArmed: true)
        // Level-triggered: what one turn leaves in the queue the next one takes. Exclusive: a unix listener is in every
        // worker's epoll, and one of them is enough.
        let name = Self.listenerBit | UInt64(token.slot)
        let code = fanout_epoll_add(epoll, listener, FANOUT_EPOLLIN | FANOUT_EPOLLEXCLUSIVE, name)
        if code < 0 { endAccept(token.slot, code) }
    }

    private func acceptMore(_ slot: UInt32) {
        let listener = unsafe sockets.listener(slot)
        for _ in 0..<Self.mostAccepts {
            let result = Socket.accept(unsafe listener.pointee.descriptor)
            if result >= 0 {
                let token = Token(rawValue: unsafe listener.pointee.token)
                results.append(Completion(token: token, result: result, more: true))
            } else if result == -EAGAIN {
                return
            } else {
                endAccept(slot, result)
                return
            }
        }
    }

    func endAccept(_ slot: UInt32, _ result: Int32) {
        let listener = unsafe sockets.listener(slot)
        _ = fanout_epoll_remove(epoll, unsafe listener.pointee.descriptor)
        unsafe listener.pointee.isArmed = false
        results.append(Completion(token: Token(rawValue: unsafe listener.pointee.token), result: result))
    }
}
