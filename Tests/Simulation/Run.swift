import Reactor

/// One worker in its world from start to end, with everything checked at every turn and once more at the end.
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
            let tables = try Tables(services: scenario.services.count)
            let (context, registry) = try Self.context(scenario, world, tables)
            let worker = try Worker(context: context, driver: world.driver)
            world.place(worker, registry)
            worker.start()
            while !worker.isFinished, world.network.violation == nil {
                worker.turn()
                Self.check(worker, world)
            }
            if world.network.violation == nil {
                // Nothing is left to do: says so, and leaves.
                worker.run()
                world.deliverRest()
                Audit(world: world, worker: worker, endpoints: tables.endpoints).check()
            }
            reasons = CloseReason.allCases.map { worker.services.closed($0) }
        } catch {
            world.network.fail("\(error)")
            reasons = []
        }
        violation = world.network.violation
        coverage = world.network.coverage
        duration = world.network.clock - start
        failurePoints = scenario.failing?.seen ?? 0
    }

    private static func context(
        _ scenario: Scenario,
        _ world: World,
        _ tables: Tables
    ) throws(SystemError) -> (WorkerContext, EndpointRegistry) {
        guard let wakeup else { throw SystemError("eventfd", errno: 24) }
        let loads = try LoadTable(workers: 1, slots: EndpointRegistry.slotCapacity)
        let publication = try Publication(
            first: EndpointSnapshot(version: 1, services: scenario.services.map { _ in nil }),
            wakeups: [wakeup]
        )
        let network = world.network
        let removals = try RemovalTable(slots: EndpointRegistry.slotCapacity) {
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
        let context = WorkerContext(
            index: 0,
            settings: scenario.settings,
            listeners: world.listen(),
            publication: publication,
            loads: loads,
            admission: Admission(limit: scenario.maxConnections),
            statistics: tables.worker,
            services: tables.services,
            endpoints: tables.endpoints.rows(of: 0),
            census: try Census(),
            records: try AccessRecords(doorbell: wakeup),
            order: world.orders,
            handover: try HandoverTable(wakeups: [wakeup]),
            removals: removals,
            tickets: try RebalanceTickets(slots: EndpointRegistry.slotCapacity)
        )
        return (context, registry)
    }

    /// What must hold between any two turns.
    private static func check(_ worker: Worker<SimulatedDriver>, _ world: World) {
        let network = world.network
        guard network.violation == nil else { return }
        if worker.pendingOperations != UInt64(world.driver.pending.count) {
            network.fail(
                "\(worker.pendingOperations) operations are counted, \(world.driver.pending.count) are in flight"
            )
        }
        let active = worker.services.total(.active)
        let sessions = worker.sessions.used - worker.spares
        if active != UInt64(sessions) {
            network.fail("\(active) sessions are counted, \(sessions) are there")
        }
    }
}

/// What a worker counts in, which must live as long as it does.
private final class Tables {
    let worker: WorkerStatistics
    let services: ServiceRows
    let endpoints: EndpointStatistics
    private let memory: SharedMemory

    init(services count: Int) throws(SystemError) {
        memory = try SharedMemory(bytes: WorkerStatistics.bytes + count * ServiceStatistics.bytes)
        worker = unsafe WorkerStatistics(row: memory.at(0))
        services = unsafe ServiceRows(at: memory.at(WorkerStatistics.bytes), services: count)
        endpoints = try EndpointStatistics(workers: 1, slots: EndpointRegistry.slotCapacity)
    }
}
