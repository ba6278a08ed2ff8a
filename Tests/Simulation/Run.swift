import Reactor

/// Workers in their world from start to end, with everything checked at every turn and once more at the end.
struct Run {
    /// Signalled in vain: what the supervisor changes wakes the simulated drivers.
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
            let tables = try Tables(workers: scenario.workers, services: scenario.services.count)
            defer { withExtendedLifetime(tables) {} }
            let (contexts, registry) = try Self.contexts(scenario, world, tables)
            var workers: [Worker<SimulatedDriver>] = []
            for context in contexts {
                workers.append(try Worker(context: context, driver: world.drivers[context.index]))
            }
            world.place(workers, registry)
            for worker in workers { worker.start() }
            while world.network.violation == nil, let next = world.nextWorker() { world.turn(of: next) }
            if world.network.violation == nil {
                world.deliverRest()
                Audit(world: world, endpoints: tables.endpoints).check()
            }
            reasons = CloseReason.allCases.map { reason in workers.reduce(0) { $0 + $1.services.closed(reason) } }
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
        _ tables: Tables
    ) throws(SystemError) -> ([WorkerContext], EndpointRegistry) {
        guard let wakeup else { throw SystemError("eventfd", errno: 24) }
        let loads = try LoadTable(workers: scenario.workers, slots: SlotBook.capacity)
        let publication = try Publication(
            first: EndpointSnapshot(version: 1, services: scenario.services.map { _ in nil }),
            wakeups: (0..<scenario.workers).map { _ in wakeup }
        )
        let network = world.network
        network.handovers = try Handovers(weights: scenario.weights)
        let removals = try RemovalTable(slots: SlotBook.capacity) {
            Deadline(nanoseconds: network.clock)
        }
        let registry = EndpointRegistry(
            services: scenario.services.count,
            publication: publication,
            loads: loads,
            statistics: tables.endpoints,
            removals: removals
        )
        for (service, ports) in scenario.services.enumerated() {
            registry.replace(
                service: service,
                with: ports.map { Endpoint(address: SocketAddress(ipv4: [10, 0, 0, 1], port: $0), name: "\($0)") },
                at: Deadline(nanoseconds: world.network.clock)
            )
        }
        let admission = Admission(limit: scenario.maxConnections)
        let tickets = try RebalanceTickets(slots: SlotBook.capacity)
        var contexts: [WorkerContext] = []
        for index in 0..<scenario.workers {
            contexts.append(
                WorkerContext(
                    index: index,
                    settings: scenario.settings,
                    listeners: world.listen(),
                    publication: publication,
                    loads: loads,
                    admission: admission,
                    statistics: tables.workers[index],
                    services: tables.services[index],
                    endpoints: tables.endpoints.rows(of: index),
                    census: try Census(),
                    records: try AccessRecords(doorbell: wakeup),
                    order: world.orders,
                    handover: world.network.handovers.table,
                    removals: removals,
                    tickets: tickets
                )
            )
        }
        return (contexts, registry)
    }
}

/// What workers count in, which must live as long as they do.
private final class Tables {
    let workers: [WorkerStatistics]
    let services: [ServiceRows]
    let endpoints: EndpointStatistics
    private let memory: SharedMemory

    init(workers number: Int, services count: Int) throws(SystemError) {
        let each = WorkerStatistics.bytes + count * ServiceStatistics.bytes
        let memory = try SharedMemory(bytes: number * each)
        self.memory = memory
        workers = (0..<number).map { unsafe WorkerStatistics(row: memory.at($0 * each)) }
        services = (0..<number).map {
            unsafe ServiceRows(at: memory.at($0 * each + WorkerStatistics.bytes), services: count)
        }
        endpoints = try EndpointStatistics(workers: number, slots: SlotBook.capacity)
    }
}
