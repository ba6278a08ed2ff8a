import Reactor

/// One reactor: a driver, its listeners, and the sessions they brought, all used by one thread.
///
/// The loop is here; what happens to a connection is in Listener, Dial, Relay and Ending, in the order of its life.
/// Between accept and close there is no allocation, no lock and no reference counting.
@safe
final class Worker<D: Driver>: CompletionHandler {
    let context: WorkerContext
    let settings: DataPathSettings
    let driver: D
    let sessions: Slab<Session>
    /// Of sessions whose attempts have failed so far.
    let tried: Slab<TriedEndpoints>
    let flows: UnsafeMutablePointer<Flow>
    private let flowMemory: LazyMemory
    let pipes: PipePool<D.Sockets>
    let deadlines: DeadlineHeap
    let statistics: WorkerStatistics
    let outcomes: OutcomeTable
    let services: ServiceRows
    let endpoints: EndpointRows
    let inbox: Inbox
    let listeners: UnsafeMutablePointer<ListenerState>
    let listenerCount: Int
    /// By service.
    let connectTimes: UnsafeMutablePointer<ConnectTimes>

    var balancer: Balancer
    var snapshot: EndpointSnapshot
    var now: Deadline
    var order = WorkerOrder.run
    /// Kept open to be given up when descriptors run out, so that a client can be told.
    var spareDescriptor: Int32
    var waitingSessions = 0
    /// Of the sessions in use, those that are the second connect of another.
    var spares = 0
    var openListeners = 0
    var nextConnection: UInt64
    var starved = StarvedQueue()
    var lifetimes = Lifetimes()
    var handoverTurn: UInt64 = 0
    var rebalanceRound: UInt64 = 0
    var pendingOperations: UInt64 = 0
    var census = CensusWalk()
    var keepalive = KeepaliveWalk()
    /// What watched flows receive into (TurnAround), while there is one.
    var shared: BufferIndex = 0
    var hasShared = false
    let bufferSize: Int32
    private var completions: UInt64 = 0

    init(context: WorkerContext, driver: D) throws(SystemError) {
        self.context = context
        settings = context.settings
        self.driver = driver
        bufferSize = Int32(clamping: driver.bufferSize)
        statistics = context.statistics
        outcomes = context.loads.outcomes
        services = context.services
        endpoints = context.endpoints
        inbox = context.handover.inbox(of: context.index)
        let capacity = context.settings.maxConnections + Self.mostSpares
        sessions = try Slab(capacity: capacity)
        tried = try Slab(capacity: capacity)
        flowMemory = try LazyMemory(bytes: capacity * 2 * MemoryLayout<Flow>.stride)
        unsafe flows = flowMemory.bound(to: Flow.self, count: capacity * 2)
        pipes = try PipePool(
            capacity: settings.pipesPerWorker,
            pipeBytes: DataPathSettings.pipeBytes,
            sockets: driver.sockets
        )
        listenerCount = context.listeners.count
        // Of sessions, of listeners, and of the walk for keepalive.
        deadlines = try DeadlineHeap(capacity: capacity + context.listeners.count + 1)
        let seed = context.settings.seed &+ UInt64(context.index) &* 0x9E37_79B9_7F4A_7C15
        balancer = Balancer(policy: context.settings.balance, cap: context.settings.endpointCap, seed: seed)
        snapshot = context.publication.adopt(worker: context.index, held: nil)
        now = driver.now
        spareDescriptor = driver.sockets.spare()
        // The worker's number in the upper bits makes connection numbers unique in the process.
        nextConnection = UInt64(context.index) << 48
        unsafe listeners = .allocate(capacity: max(1, listenerCount))
        unsafe connectTimes = .allocate(capacity: max(1, listenerCount))
        unsafe connectTimes.initialize(repeating: ConnectTimes(), count: max(1, listenerCount))
        for (index, listener) in context.listeners.enumerated() {
            unsafe (listeners + index).initialize(
                to: ListenerState(descriptor: listener.descriptor, isUnix: listener.isUnix)
            )
        }
    }

    deinit {
        unsafe listeners.deallocate()
        unsafe connectTimes.deallocate()
        if spareDescriptor >= 0 { sockets.closeGracefully(spareDescriptor) }
    }

    /// What is asked of sockets beside the driver's operations.
    @inline(__always)
    var sockets: D.Sockets { driver.sockets }

    /// Begins to listen; once, before ``run()``. The statistics are those of a worker at rest afterwards.
    func start() {
        openListeners = listenerCount
        for index in 0..<listenerCount { armListener(index) }
        report()
    }

    /// Serves until the supervisor orders an end and nothing is left to do.
    func run() {
        while !isFinished { turn() }
        report()
        statistics.setAwake(since: 0)
        context.publication.leave(worker: context.index)
    }

    @inline(__always)
    var isFinished: Bool { order != .run && openListeners == 0 && sessions.used == 0 && inbox.isFinished }

    /// Sleeps until there is something to do, and does it.
    @inline(__always)
    func turn() {
        report()
        statistics.setAwake(since: 0)
        driver.wait(until: census.isUnderWay ? now : deadlines.next)
        let awake = driver.now
        now = awake
        statistics.setAwake(since: awake.nanoseconds)
        adopt()
        driver.deliver(to: self)
        expireDeadlines()
        rearmStarved()
        statistics.add(.busyNanoseconds, driver.now.since(awake))
    }

    /// Takes up what the rest of the process has changed; the only place where the worker looks outside.
    @inline(__always)
    private func adopt() {
        adoptSnapshot()
        let question = context.census.newest
        if census.mustGoOn(with: question) { takeCensus(question) }
        if inbox.hasNext { takeHandedOver() }
        if settings.rebalances && context.tickets.round != rebalanceRound { rebalance() }
        let ordered = context.order.current
        guard ordered != order else { return }
        if order == .run { startDrain() }
        order = ordered
        if ordered == .reset { resetAll() }
    }

    @inline(__always)
    private func adoptSnapshot() {
        let newest = context.publication.adopt(worker: context.index, held: snapshot)
        if newest.bits != snapshot.bits { endpointsChanged(newest) }
    }

    @inline(never)
    private func endpointsChanged(_ newest: EndpointSnapshot) {
        snapshot = newest
        if settings.onRemove != .keep { noticeRemovals() }
        if waitingSessions > 0 { retryWaiting() }
    }

    private func report() {
        statistics.set(.pendingOperations, pendingOperations)
        let free = driver.freeBuffers(in: .common) + driver.freeBuffers(in: .reserve) + (hasShared ? 1 : 0)
        statistics.set(.freeBuffers, UInt64(free))
        statistics.set(.pipes, UInt64(pipes.inUse))
        statistics.set(.completions, completions)
        statistics.set(.enters, driver.enters)
    }

    // MARK: Completions

    @inline(__always)
    func complete(_ completion: Completion) {
        completions &+= 1
        let operation = completion.token.operation
        if operation == .accept {
            accepted(completion)
            return
        }
        let slot = completion.token.slot
        let session = unsafe sessions.pointer(slot)
        guard unsafe completion.token.isOf(generation: session.pointee.generation) else {
            // Sessions outlive their operations, so this is a result that the kernel owes nobody.
            forget(completion)
            return
        }
        if !completion.more { conclude(operation, slot) }
        switch unsafe session.pointee.phase {
        case .ending, .flushing:
            completedLate(completion)
        case .spare:
            spareFinished(completion.result, slot)
        case .waiting, .dialing, .relaying:
            dispatch(operation, completion, slot)
        case .free:
            preconditionFailure("a completion for a session that is gone")
        }
    }

    /// A result for a session that is ending.
    @inline(never)
    private func completedLate(_ completion: Completion) {
        let slot = completion.token.slot
        let session = unsafe sessions.pointer(slot)
        switch completion.token.operation {
        case .sendToClient where completion.result > 0:
            unsafe count(UInt32(bitPattern: completion.result), session, .rx)
        case .sendToUpstream where completion.result > 0:
            unsafe count(UInt32(bitPattern: completion.result), session, .tx)
        case _ where isBadNews(completion) && isOurDoing(slot):
            if unsafe session.pointee.ending == .graceful { unsafe session.pointee.ending = .reset }
        case _: break
        }
        forget(completion)
        settle(slot)
    }

    /// Bytes that nobody passes on any more, or a reset: nobody must take this end for a clean one. A watch takes no bytes:
    /// they are still there to be seen at the close.
    private func isBadNews(_ completion: Completion) -> Bool {
        let direction: Direction
        switch completion.token.operation {
        case .receiveFromClient: direction = .tx
        case .receiveFromUpstream: direction = .rx
        case .accept, .connect, .sendToClient, .sendToUpstream, .clientWritable, .upstreamWritable, .clientHangup,
            .upstreamHangup:
            return false
        }
        if unsafe flow(completion.token.slot, direction).pointee.isWatched {
            return PollEvents.result(completion.result, has: PollEvents.error)
        }
        return completion.result != 0 && completion.result != -SystemError.canceled
    }

    @inline(never)
    private func forget(_ completion: Completion) {
        if let buffer = completion.buffer { driver.release(buffer) }
    }

    @inline(__always)
    private func dispatch(_ operation: Operation, _ completion: Completion, _ slot: UInt32) {
        switch operation {
        case .receiveFromClient: received(completion, slot, .tx)
        case .receiveFromUpstream: received(completion, slot, .rx)
        case .sendToUpstream: sent(completion.result, slot, .tx)
        case .sendToClient: sent(completion.result, slot, .rx)
        case .upstreamWritable: gateMoved(completion, slot, .tx)
        case .clientWritable: gateMoved(completion, slot, .rx)
        case .connect: connectFinished(completion.result, slot)
        case .clientHangup: clientMoved(completion, slot)
        case .upstreamHangup: halfClosedMoved(completion, slot, .rx)
        case .accept: preconditionFailure("an accept belongs to a listener")
        }
    }

    @inline(__always)
    func isInFlight(_ operation: Operation, _ slot: UInt32) -> Bool {
        unsafe sessions.pointer(slot).pointee.inFlight & (1 &<< UInt16(operation.rawValue)) != 0
    }

    /// The token of a session's operation, which from now on is in flight.
    @inline(__always)
    func begin(_ operation: Operation, _ slot: UInt32) -> Token {
        let session = unsafe sessions.pointer(slot)
        let bit: UInt16 = 1 &<< UInt16(operation.rawValue)
        precondition(unsafe session.pointee.inFlight & bit == 0, "an operation was started twice")
        unsafe session.pointee.inFlight |= bit
        pendingOperations &+= 1
        return unsafe Token(operation, slot: slot, generation: session.pointee.generation)
    }

    /// Nothing more comes of a session's operation.
    @inline(__always)
    func conclude(_ operation: Operation, _ slot: UInt32) {
        unsafe sessions.pointer(slot).pointee.inFlight &= ~(1 &<< UInt16(operation.rawValue))
        pendingOperations &-= 1
    }

    func cancel(_ operation: Operation, _ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        guard isInFlight(operation, slot) else { return }
        driver.cancel(unsafe Token(operation, slot: slot, generation: session.pointee.generation))
    }

    // MARK: Deadlines

    private func expireDeadlines() {
        while let owner = deadlines.popExpired(at: now) {
            if Int(owner) >= sessions.capacity {
                let index = Int(owner) - sessions.capacity
                if index < listenerCount { listenerDeadline(index) } else { keepaliveDeadline() }
                continue
            }
            switch unsafe sessions.pointer(owner).pointee.phase {
            case .waiting: dial(owner)
            case .dialing: dialingDeadline(owner)
            case .spare: spareDeadline(owner)
            case .relaying: relayingDeadline(owner)
            case .ending: endingDeadline(owner)
            case .flushing: flushingDeadline(owner)
            case .free: preconditionFailure("a deadline of a session that is gone")
            }
        }
    }

    /// Sessions that wait for endpoints of a service that has changed; the others keep to their pause.
    private func retryWaiting() {
        for slot in 0..<UInt32(sessions.touched) {
            let session = unsafe sessions.pointer(slot)
            guard unsafe session.pointee.phase == .waiting else { continue }
            let revision = unsafe snapshot.endpoints(of: Int(session.pointee.service)).revision
            if unsafe session.pointee.triedRevision != revision { dial(slot) }
        }
    }

    private func resetAll() {
        for slot in 0..<UInt32(sessions.touched) {
            switch unsafe sessions.pointer(slot).pointee.phase {
            case .waiting, .dialing, .relaying: end(slot, .drained, .reset)
            case .flushing: cutFlush(slot)
            // A spare goes with its session.
            case .spare, .ending, .free: break
            }
        }
    }
}
