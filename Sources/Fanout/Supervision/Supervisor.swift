import Glibc
import Logging
import Reactor

/// The process from its first thread to its exit code: starts everything, answers signals, ends in order.
///
/// Lives on the main thread and sleeps there; workers and discovery never wait for it.
struct Supervisor {
    /// How long the last log lines may take to be written.
    private static let logPatience: UInt64 = 1_000_000_000
    /// How often slots of endpoints that have left are looked at, while there are any.
    private static let tidyPause: UInt64 = 1_000_000_000

    private let configuration: Configuration
    private let services: [String]
    private let writer: LogWriter
    private let logger: Logger
    /// Of state dumps: writes whatever the log's level is, and to the log alone.
    private let dumpLogger: Logger
    private let events: EventLog
    private let startedAt = Deadline.now()
    private let startedWallTime = Timestamp.now()

    init(configuration: Configuration, writer: LogWriter, logger: Logger, dumpLogger: Logger, events: EventLog) {
        self.configuration = configuration
        self.writer = writer
        self.logger = logger
        self.dumpLogger = dumpLogger
        self.events = events
        services = configuration.services.map(\.label)
    }

    /// Serves until it is told to stop. Signals must be blocked already, in all threads.
    ///
    /// - Parameter confinement: what came of it, for the log.
    func run(signals: borrowing Signals, environment: [String: String], confinement: String) -> ExitCode {
        let code: ExitCode
        do {
            code = try serve(signals, environment, confinement)
        } catch {
            logger.critical("\(error.line)")
            code = error.exitCode
        }
        writer.stop(deadline: .now().advanced(by: Self.logPatience))
        return code
    }

    private func serve(
        _ signals: borrowing Signals,
        _ environment: [String: String],
        _ confinement: String
    ) throws(StartFailure) -> ExitCode {
        let discoverySettings: DiscoverySettings
        do {
            discoverySettings = try DiscoverySettings(configuration, environment: environment)
            // Before anything is bound: who cannot ask Nomad must not take clients.
            if configuration.needsNomad { _ = try discoverySettings.usableAddress() }
        } catch {
            throw .nomad(error)
        }
        let listeners = try ListenerSet(configuration: configuration, logger: logger).bind()
        let adminListener = try configuration.admin.map { address throws(StartFailure) in
            try listen(address, workers: 1)
        }
        let seed = ProcessSeed.make(environment)
        let settings = DataPathSettings(configuration, seed: seed)
        let fleet: Fleet
        do {
            fleet = try Fleet(
                workers: configuration.workers.count,
                settings: settings,
                listeners: listeners,
                labels: services,
                policy: EndpointRegistry.Policy(configuration, seed: seed)
            )
        } catch {
            throw .system(error)
        }
        let accessLogger = AccessLogger(
            records: fleet.records,
            doorbell: fleet.accessDoorbell,
            writer: writer,
            format: configuration.log.format,
            services: services,
            registry: fleet.registry
        )
        do {
            if configuration.log.accessLog { try accessLogger.start() }
        } catch {
            throw .system(error)
        }
        let cpus = configuration.pinWorkers ? AllowedCPUs.list() : []
        let driver: DriverInUse
        do {
            driver = try fleet.start(cpus: cpus, driver: configuration.driver)
        } catch {
            throw error.isRefusedRing
                ? .driver(error, isExplicit: configuration.driver == .ioUring) : .system(error)
        }
        announce(listeners, driver, confinement)

        let keeper = try startKeeper(discoverySettings)
        let sink: EndpointSink
        do {
            sink = try EndpointSink(
                registry: fleet.registry,
                services: services,
                listeners: listeners,
                events: fleet.events,
                logger: logger,
                balance: configuration.balance,
                keeper: keeper
            )
        } catch {
            throw .system(error)
        }
        let fallback = keeper.map { LastKnownFallback(keeper: $0, services: watched, now: .now()) }
        let discovery = try startDiscovery(discoverySettings, sink)
        do {
            try startChecks(fleet)
        } catch {
            throw .system(error)
        }
        let admin = try adminListener.map { listener throws(StartFailure) in
            try startAdmin(
                listener,
                Inspector(
                    services: facts(of: listeners, namespace: discoverySettings.namespace),
                    fleet: fleet,
                    discovery: discovery,
                    sink: sink,
                    writer: writer,
                    events: events,
                    driver: driver,
                    startedAt: startedAt,
                    startedWallTime: startedWallTime
                )
            )
        }
        let manager = ServiceManager(environment, logger: logger)
        manager.started()
        let code = watch(signals, fleet, listeners, discovery, manager, sink, fallback)
        admin?.stop()
        discovery.stop()
        keeper?.finish()
        accessLogger.finish()
        logger.info("stopped", metadata: ["exit_code": "\(code.rawValue)"])
        return code
    }

    // MARK: Starting

    private func listen(_ address: ListenAddress, workers: Int) throws(StartFailure) -> ListeningSocket {
        do throws(SystemError) {
            guard let wanted = address.socketAddress else { throw SystemError("bind", errno: EINVAL) }
            return try ListeningSocket(
                wanted,
                workers: workers,
                dualStack: address.isDualStack
            )
        } catch {
            throw .listen(address.description, error)
        }
    }

    private func startAdmin(_ listener: ListeningSocket, _ inspector: Inspector) throws(StartFailure) -> AdminServer {
        do {
            let server = try AdminServer(listener, inspector, logger)
            logger.info("admin endpoint", metadata: ["address": "\(listener.address)"])
            return server
        } catch {
            throw .admin("\(listener.address)", "\(error)")
        }
    }

    /// What the admin endpoint tells of the services.
    private func facts(of listeners: [ListeningSocket], namespace: String) -> [Inspector.Service] {
        zip(configuration.services, listeners).map { service, listener in
            let ownNamespace: String? =
                switch service.source {
                case .nomad(_, let own): own ?? namespace
                case .fixed: nil
                }
            return Inspector.Service(label: service.label, namespace: ownNamespace, listen: "\(listener.address)")
        }
    }

    private func announce(_ listeners: [ListeningSocket], _ driver: DriverInUse, _ confinement: String) {
        var metadata: Logger.Metadata = [
            "version": "\(Version.current)",
            "commit": "\(Version.commit)",
            "driver": "\(driver.name.rawValue)",
            "driver_reason": "\(driver.reason)",
            "kernel_features": "\(driver.features.names(present: true).joined(separator: ","))",
            "confinement": "\(confinement)",
            "workers": "\(configuration.workers.count)",
            "workers_reason": "\(configuration.workers.reason)",
            "max_connections": "\(configuration.connections.count)",
            "max_connections_reason": "\(configuration.connections.reason)",
            "buffers": "\(configuration.buffers.description)",
        ]
        let lacking = driver.features.names(present: false)
        if !lacking.isEmpty { metadata["kernel_lacks"] = "\(lacking.joined(separator: ","))" }
        logger.info("fanout started", metadata: metadata)
        if driver.refusal != nil {
            logger.warning(
                "io_uring cannot be used, epoll takes its place",
                metadata: ["reason": "\(driver.reason)"]
            )
        }
        for (service, listener) in zip(configuration.services, listeners) {
            logger.info(
                "listening",
                metadata: [
                    "service": "\(service.label)",
                    "address": "\(listener.address)",
                    "source": "\(service.source)",
                ]
            )
        }
    }

    /// The services that Nomad is asked for, by index.
    private var watched: [Int] { configuration.services.indices.filter { configuration.services[$0].source.isNomad } }

    private func startKeeper(_ settings: DiscoverySettings) throws(StartFailure) -> StateKeeper? {
        guard let path = configuration.stateFile else { return nil }
        var names: [Int: SavedState.Name] = [:]
        for index in watched {
            guard case .nomad(let service, let namespace) = configuration.services[index].source else { continue }
            names[index] = SavedState.Name(
                service: service,
                namespace: namespace ?? settings.namespace,
                region: settings.region
            )
        }
        do {
            let keeper = try StateKeeper(path: path, names: names, logger: logger)
            try keeper.start()
            return keeper
        } catch {
            throw .system(error)
        }
    }

    private func startDiscovery(
        _ settings: DiscoverySettings,
        _ sink: EndpointSink
    ) throws(StartFailure) -> Discovery {
        do {
            let discovery = try Discovery(
                services: configuration.services.enumerated().map { ($0.offset, $0.element.source) },
                settings: settings,
                logger: logger,
                sink: { sink.apply(service: $0, endpoints: $1) }
            )
            discovery.start()
            return discovery
        } catch {
            throw .nomad(error)
        }
    }

    private func startChecks(_ fleet: Fleet) throws(SystemError) {
        guard configuration.checkInterval > .zero else { return }
        try HealthChecker(
            registry: fleet.registry,
            interval: configuration.checkInterval.nanoseconds,
            timeout: configuration.connectTimeout.nanoseconds,
            events: fleet.events
        ).start()
    }

    // MARK: Running

    private func watch(
        _ signals: borrowing Signals,
        _ fleet: Fleet,
        _ listeners: [ListeningSocket],
        _ discovery: Discovery,
        _ manager: ServiceManager,
        _ sink: EndpointSink,
        _ lastKnown: LastKnownFallback?
    ) -> ExitCode {
        var lastKnown = lastKnown
        var drain = Drain(timeout: configuration.drainTimeout.nanoseconds, logger: logger)
        var health = HealthWatch(registry: fleet.registry, services: services, logger: logger)
        var stalls = StallWatch(workers: configuration.workers.count)
        var rebalancer =
            configuration.rebalances ? Rebalancer(endpointCap: configuration.endpointCap, now: .now()) : nil
        while !fleet.isFinished {
            let tidyAt = fleet.registry.needsTidying ? Deadline.now().advanced(by: Self.tidyPause) : .never
            let lookAt = Deadline.now().advanced(by: StallWatch.limit)
            let healthAt = max(health.earliest, fleet.registry.nextLook)
            let otherwise = min(rebalancer?.next ?? .never, lastKnown?.next ?? .never)
            sleep(signals, fleet.events, until: min(tidyAt, drain.end, lookAt, healthAt, otherwise))
            health.look(at: .now())
            lastKnown?.look(discovery.statistics, sink, now: .now())
            rebalancer?.look(at: fleet, now: .now())
            for stall in stalls.look(at: fleet.statistics, now: .now()) {
                logger.warning(
                    "worker blocked",
                    metadata: ["worker": "\(stall.worker)", "milliseconds": "\(stall.milliseconds)"]
                )
            }
            while let request = signals.take() {
                switch request {
                case .drain:
                    manager.stopping()
                    drain.request(fleet, listeners)
                case .refresh: discovery.refresh()
                case .dumpState:
                    StateDump(fleet: fleet, services: services, startedAt: startedAt).write(to: dumpLogger)
                }
            }
            drain.expire(fleet)
            fleet.registry.tidy()
        }
        return fleet.closed(.drained) > 0 ? .failure : .clean
    }

    private func sleep(_ signals: borrowing Signals, _ events: Wakeup, until end: Deadline) {
        var entries = [
            pollfd(fd: signals.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: events.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        // Rounded up: a millisecond too late is a wait, a millisecond too early would be a spin.
        let milliseconds = end == .never ? -1 : Int32(clamping: end.since(.now()) / 1_000_000 + 1)
        _ = unsafe poll(&entries, 2, milliseconds)
        events.clear()
    }
}
