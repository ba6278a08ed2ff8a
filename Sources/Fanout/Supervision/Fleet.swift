import Glibc
import Reactor
import Synchronization

/// The workers of the process and all that they share.
final class Fleet: Sendable {
    let statistics: [WorkerStatistics]
    let records: [AccessRecords]
    let admission: Admission
    let registry: EndpointRegistry
    /// Rings when a worker has started, failed to start, or finished, and when endpoints have failed.
    let events: Wakeup
    let accessDoorbell: Wakeup
    private let contexts: [WorkerContext]
    private let wakeups: [Wakeup]
    private let orders: WorkerOrders
    private let tickets: RebalanceTickets
    /// Keeps the rows alive that ``statistics`` point into.
    private let statisticsMemory: SharedMemory
    private let running = Atomic<Int>(0)
    private let started = Atomic<Int>(0)
    private let outcome = Locked<Result<DriverInUse, SystemError>?>(nil)

    /// - Parameter listeners: one for each service.
    init(
        workers: Int,
        settings: DataPathSettings,
        listeners: [ListeningSocket],
        policy: EndpointRegistry.Policy = .init()
    ) throws(SystemError) {
        events = try Wakeup()
        accessDoorbell = try Wakeup()
        orders = WorkerOrders()
        tickets = try RebalanceTickets(slots: EndpointRegistry.slotCapacity)
        admission = Admission(limit: settings.maxConnections)
        statisticsMemory = try SharedMemory(bytes: workers * WorkerStatistics.bytes)
        let loads = try LoadTable(workers: workers, slots: EndpointRegistry.slotCapacity, doorbell: events)
        var wakeups: [Wakeup] = []
        var records: [AccessRecords] = []
        for _ in 0..<workers {
            wakeups.append(try Wakeup())
            records.append(try AccessRecords(doorbell: accessDoorbell))
        }
        let nothingYet = EndpointSnapshot(version: 1, services: listeners.map { _ in nil })
        let publication = try Publication(first: nothingYet, wakeups: wakeups)
        let removals = try RemovalTable(slots: EndpointRegistry.slotCapacity)
        registry = EndpointRegistry(
            services: listeners.count,
            publication: publication,
            loads: loads,
            policy: policy,
            removals: removals
        )
        let memory = statisticsMemory
        let rows = (0..<workers).map { unsafe WorkerStatistics(row: memory.at($0 * WorkerStatistics.bytes)) }
        let handover = try HandoverTable(wakeups: wakeups)
        let (admission, orders, tickets) = (admission, orders, tickets)
        contexts = (0..<workers).map { index in
            WorkerContext(
                index: index,
                settings: settings,
                listeners: listeners.map { .init(descriptor: $0.descriptors[index], isUnix: $0.isUnix) },
                publication: publication,
                loads: loads,
                admission: admission,
                statistics: rows[index],
                records: records[index],
                order: orders,
                handover: handover,
                removals: removals,
                tickets: tickets
            )
        }
        statistics = rows
        self.wakeups = wakeups
        self.records = records
    }

    /// Starts every worker and waits until each has its driver.
    ///
    /// - Parameter cpus: the CPUs to bind the workers to, in turn; empty for no binding.
    /// - Returns: the driver of the workers; of one that had to do without io_uring, if there is one.
    /// - Throws: why there is none; the process should end then.
    func start(cpus: [Int32], driver: DriverChoice) throws(SystemError) -> DriverInUse {
        for context in contexts {
            running.add(1, ordering: .relaxed)
            let cpu = cpus.isEmpty ? nil : cpus[context.index % cpus.count]
            _ = try WorkerThread(
                context: context,
                wakeup: wakeups[context.index],
                cpu: cpu,
                driver: driver,
                started: { _, result in
                    self.outcome.with { if Self.says(result, more: $0) { $0 = result } }
                    self.started.add(1, ordering: .releasing)
                    self.events.signal()
                },
                finished: {
                    self.running.subtract(1, ordering: .releasing)
                    self.events.signal()
                }
            )
        }
        while started.load(ordering: .acquiring) < contexts.count {
            var entry = pollfd(fd: events.descriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&entry, 1, -1)
            events.clear()
        }
        guard let outcome = outcome.with({ $0 }) else { preconditionFailure("there is always a worker") }
        return try outcome.get()
    }

    /// A failure says more than a fallback, and that more than what was hoped for.
    private static func says(_ result: Result<DriverInUse, SystemError>, more known: Result<DriverInUse, SystemError>?)
        -> Bool
    {
        switch (result, known) {
        case (_, nil): true
        case (_, .failure): false
        case (.failure, .success): true
        case (.success(let new), .success(let old)): new.refusal != nil && old.refusal == nil
        }
    }

    /// Tells every worker; the orders only rise.
    func order(_ order: WorkerOrder) {
        orders.raise(to: order)
        for wakeup in wakeups { wakeup.signal() }
    }

    /// Lets the workers close so many sessions on each of these slots, until the next call.
    func rebalance(_ moves: [(slot: UInt32, count: UInt32)]) {
        tickets.grant(moves)
        guard !moves.isEmpty else { return }
        for wakeup in wakeups { wakeup.signal() }
    }

    var isFinished: Bool { running.load(ordering: .acquiring) == 0 }

    func closed(_ reason: CloseReason) -> UInt64 {
        statistics.reduce(0) { $0 &+ $1.closed(reason) }
    }

    func total(_ counter: WorkerStatistics.Counter) -> UInt64 {
        statistics.reduce(0) { $0 &+ $1[counter] }
    }
}

/// Lazily touched memory with an identity, for what several owners point into.
@safe
final class SharedMemory: @unchecked Sendable {
    private let memory: LazyMemory

    init(bytes: Int) throws(SystemError) { memory = try LazyMemory(bytes: bytes) }

    func at(_ offset: Int) -> UnsafeMutableRawPointer { unsafe memory.base + offset }
}
