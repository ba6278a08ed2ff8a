import Logging
import NIOCore
import Reactor

/// Everything that runs on the discovery thread: an actor whose executor is that thread's event loop, so that
/// neither its state nor its tasks ever see another thread.
actor DiscoveryLoop {
    nonisolated let loop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.executor.asUnownedSerialExecutor() }

    private let lookup: NameLookup
    private let logger: Logger
    private let sink: @Sendable (Int, [Endpoint]) -> Void
    private var resolver: EndpointResolver?
    private var identity: WorkloadIdentity?
    private var watchers: [ServiceWatcher] = []
    private var isStopped = false

    init(
        loop: any EventLoop,
        lookup: NameLookup,
        logger: Logger,
        sink: @escaping @Sendable (Int, [Endpoint]) -> Void
    ) {
        self.loop = loop
        self.lookup = lookup
        self.logger = logger
        self.sink = sink
    }

    /// Starts a task for each service of Nomad and the lookups of fixed names; the result is fulfilled when all
    /// tasks have ended, which is after ``stop()``.
    func start(
        watched: [ServiceWatcher.Subject],
        fixed: [Int: [HostPort]],
        settings: DiscoverySettings,
        monitor: DiscoveryMonitor
    ) -> EventLoopFuture<Void> {
        let resolver = makeResolver()
        self.resolver = resolver
        for (service, places) in fixed.sorted(by: { $0.key < $1.key }) {
            resolver.update(service, places.map { EndpointCandidate($0) })
        }
        guard let address = settings.address else { return loop.makeSucceededVoidFuture() }
        let identity = WorkloadIdentity(explicitFile: settings.tokenFile, environment: settings.environment) {
            monitor.record($0)
        }
        self.identity = identity
        let executor = EventLoopExecutor(loop: loop)
        let ends = watched.map { subject in
            let watcher = ServiceWatcher(
                subject,
                settings: settings,
                address: address,
                identity: identity,
                monitor: monitor,
                logger: logger,
                loop: loop
            ) { rows in
                resolver.update(subject.service, rows.compactMap { EndpointCandidate($0) })
            }
            let index = watchers.count
            watchers.append(watcher)
            let end = loop.makePromise(of: Void.self)
            Task(executorPreference: executor) { await self.run(index, end) }
            return end.futureResult
        }
        return EventLoopFuture.andAllComplete(ends, on: loop)
    }

    private func run(_ index: Int, _ end: EventLoopPromise<Void>) async {
        // None is left if stop() came first.
        if watchers.indices.contains(index) { await watchers[index].run() }
        end.succeed()
    }

    /// Reads the token, asks for every service and looks up every name, now.
    func refresh() {
        guard !isStopped else { return }
        identity?.reload()
        for watcher in watchers { watcher.refresh() }
        resolver?.refresh()
    }

    /// Makes all tasks end soon; the sink is not called any more.
    func stop() {
        isStopped = true
        for watcher in watchers { watcher.stop() }
        // Both refer to this actor.
        watchers = []
        resolver = nil
    }

    private func makeResolver() -> EndpointResolver {
        EndpointResolver(
            EndpointResolver.Surroundings(
                lookUp: { self.lookUp($0) },
                remind: { self.remind($0, $1) },
                publish: { self.publish($0, $1) }
            ),
            logger: logger
        )
    }

    private func lookUp(_ name: String) {
        let loop = loop
        lookup.resolve(name) { result in
            loop.execute { [weak self] in self?.assumeIsolated { $0.resolver?.finishLookup(of: name, result) } }
        }
    }

    private func remind(_ name: String, _ delay: Duration) {
        loop.scheduleTask(in: TimeAmount(delay)) { [weak self] in
            self?.assumeIsolated { $0.resolver?.lookUpAgain(name) }
        }
    }

    private func publish(_ service: Int, _ endpoints: [Endpoint]) {
        guard !isStopped else { return }
        sink(service, endpoints)
    }
}
