import Glibc
import Reactor
import Synchronization

/// The workers of the process and all that they share.
final class Fleet: Sendable {
    let statistics: [WorkerStatistics]
    /// By worker: its rows of what is counted for each service.
    let services: [ServiceRows]
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
    /// Keep the rows alive that ``statistics`` and ``services`` point into.
    private let statisticsMemory: SharedMemory
    private let servicesMemory: SharedMemory
    private let endpointStatistics: EndpointStatistics
    private let running = Atomic<Int>(0)
    private let started = Atomic<Int>(0)
    private let outcome = Locked<Result<DriverInUse, SystemError>?>(nil)

    /// - Parameters:
    ///   - listeners: one for each service.
    ///   - labels: of the services.
    init(
        workers: Int,
        settings: DataPathSettings,
        listeners: [ListeningSocket],
        labels: [String],
        policy: EndpointRegistry.Policy = .init()
    ) throws(SystemError) {
        events = try Wakeup()
        accessDoorbell = try Wakeup()
        orders = WorkerOrders()
        tickets = try RebalanceTickets(slots: SlotBook.capacity)
        admission = Admission(limit: settings.maxConnections)
        statisticsMemory = try SharedMemory(bytes: workers * WorkerStatistics.bytes)
        servicesMemory = try SharedMemory(bytes: workers * listeners.count * ServiceStatistics.bytes)
        endpointStatistics = try EndpointStatistics(workers: workers, slots: SlotBook.capacity)
        let loads = try LoadTable(workers: workers, slots: SlotBook.capacity, doorbell: events)
        var wakeups: [Wakeup] = []
        var records: [AccessRecords] = []
        var censuses: [Census] = []
        for _ in 0..<workers {
            wakeups.append(try Wakeup())
            records.append(try AccessRecords(doorbell: accessDoorbell))
            censuses.append(try Census())
        }
        let nothingYet = EndpointSnapshot(version: 1, services: listeners.map { _ in nil })
        let publication = try Publication(first: nothingYet, wakeups: wakeups)
        let removals = try RemovalTable(slots: SlotBook.capacity)
        registry = EndpointRegistry(
            services: listeners.count,
            labels: labels,
            publication: publication,
            loads: loads,
            statistics: endpointStatistics,
            policy: policy,
            removals: removals
        )
        let memory = statisticsMemory
        let rows = (0..<workers).map { unsafe WorkerStatistics(row: memory.at($0 * WorkerStatistics.bytes)) }
        let services = Self.serviceRows(in: servicesMemory, workers: workers, services: listeners.count)
        let handover = try HandoverTable(wakeups: wakeups)
        let (admission, orders, endpoints, tickets) = (admission, orders, endpointStatistics, tickets)
        contexts = (0..<workers).map { index in
            WorkerContext(
                index: index,
                settings: settings,
                listeners: listeners.map { .init(descriptor: $0.descriptors[index], isUnix: $0.isUnix) },
                publication: publication,
                loads: loads,
                admission: admission,
                statistics: rows[index],
                services: services[index],
                endpoints: endpoints.rows(of: index),
                census: censuses[index],
                records: records[index],
                order: orders,
                handover: handover,
                removals: removals,
                tickets: tickets
            )
        }
        statistics = rows
        self.services = services
        self.wakeups = wakeups
        self.records = records
    }

    private static func serviceRows(in memory: SharedMemory, workers: Int, services: Int) -> [ServiceRows] {
        let bytes = services * ServiceStatistics.bytes
        return (0..<workers).map { unsafe ServiceRows(at: memory.at($0 * bytes), services: services) }
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

    /// Whether the workers take no new clients any more.
    var isDraining: Bool { orders.current != .run }

    func closed(_ reason: CloseReason) -> UInt64 { services.reduce(0) { $0 &+ $1.closed(reason) } }

    /// Asks a worker for some of its connections; see ``Census``.
    func ask(worker: Int, for count: Int) -> UInt64 {
        let number = contexts[worker].census.ask(for: count)
        wakeups[worker].signal()
        return number
    }

    func answer(ofWorker worker: Int, to number: UInt64) -> [AccessRecord]? {
        contexts[worker].census.answer(to: number)
    }
}
