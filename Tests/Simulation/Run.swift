import Reactor

/// Workers in their world from start to end, with everything checked at every turn and once more at the end.
struct Run {
    /// Signalled in vain: a simulated worker is woken by its driver.
    private static let wakeup = try? Wakeup()

    let violation: String?
    let coverage: Coverage
    /// Virtual nanoseconds.
    let duration: UInt64
    let failurePoints: Int
    let reasons: [UInt64]

    init(_ scenario: Scenario, _ choices: Choices, isLoud: Bool = false) {
        let world = World(scenario, choices)
        world.network.isLoud = isLoud
        let start = world.network.clock
        defer { world.dissolve() }
        do throws(SystemError) {
            let statistics = (0..<scenario.workers).map { _ in StatisticsRow() }
            defer { withExtendedLifetime(statistics) {} }
            let (contexts, registry) = try Self.contexts(scenario, world, statistics)
            var workers: [Worker<SimulatedDriver>] = []
            for context in contexts {
                workers.append(try Worker(context: context, driver: world.drivers[context.index]))
            }
            world.place(workers, registry)
            for worker in workers { worker.start() }
            while world.network.violation == nil, let next = world.nextWorker() {
                workers[next].turn()
                // Nothing is left to do: says so, and leaves.
                if workers[next].isFinished, world.network.violation == nil { workers[next].run() }
                world.noteHeld(by: next)
                Self.check(workers[next], world)
            }
            if world.network.violation == nil {
                world.deliverRest()
                Audit(world: world).check()
            }
            reasons = CloseReason.allCases.map { reason in workers.reduce(0) { $0 + $1.statistics.closed(reason) } }
        } catch {
            world.network.fail("\(error)")
            reasons = []
        }
        violation = world.network.violation
        coverage = world.network.coverage
        duration = world.network.clock - start
        failurePoints = scenario.failing?.seen ?? 0
    }

    /// What the workers share, and what each has of its own.
    private static func contexts(
        _ scenario: Scenario,
        _ world: World,
        _ statistics: [StatisticsRow]
    ) throws(SystemError) -> ([WorkerContext], EndpointRegistry) {
        guard let wakeup else { throw SystemError("eventfd", errno: 24) }
        let loads = try LoadTable(workers: scenario.workers, slots: EndpointRegistry.slotCapacity)
        let publication = try Publication(
            first: EndpointSnapshot(version: 1, services: scenario.services.map { _ in nil }),
            wakeups: statistics.map { _ in wakeup }
        )
        let registry = EndpointRegistry(services: scenario.services.count, publication: publication, loads: loads)
        for (service, ports) in scenario.services.enumerated() {
            registry.replace(
                service: service,
                with: ports.map { Endpoint(address: SocketAddress(ipv4: [10, 0, 0, 1], port: $0), name: "\($0)") }
            )
        }
        let admission = Admission(limit: scenario.maxConnections)
        var contexts: [WorkerContext] = []
        for (index, row) in statistics.enumerated() {
            contexts.append(
                WorkerContext(
                    index: index,
                    settings: scenario.settings,
                    listeners: world.listen(),
                    publication: publication,
                    loads: loads,
                    admission: admission,
                    statistics: unsafe WorkerStatistics(row: row.memory),
                    records: try AccessRecords(doorbell: wakeup),
                    order: world.orders
                )
            )
        }
        return (contexts, registry)
    }

    /// What must hold between any two turns.
    private static func check(_ worker: Worker<SimulatedDriver>, _ world: World) {
        let network = world.network
        guard network.violation == nil else { return }
        let inFlight = world.drivers[worker.context.index].pending.count
        if worker.pendingOperations != UInt64(inFlight) {
            network.fail("\(worker.pendingOperations) operations are counted, \(inFlight) are in flight")
        }
        if worker.statistics[.active] != UInt64(worker.sessions.used) {
            network.fail("\(worker.statistics[.active]) sessions are counted, \(worker.sessions.used) are there")
        }
        if world.sessions > world.scenario.maxConnections {
            network.fail("\(world.sessions) sessions where \(world.scenario.maxConnections) are allowed")
        }
    }
}

/// A row of counters that lives as long as its worker.
@safe
final class StatisticsRow {
    let memory: UnsafeMutableRawPointer

    init() {
        unsafe memory = .allocate(byteCount: WorkerStatistics.bytes, alignment: 128)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: WorkerStatistics.bytes)
    }

    deinit { unsafe memory.deallocate() }
}
