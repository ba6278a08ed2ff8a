import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Reactor

/// Finds the endpoints of all services and hands each changed set to a sink; never gives up.
///
/// Starts at most two threads: the discovery thread, and one for names if there are any. Services with numeric
/// fixed endpoints alone need neither. Its trouble goes to the log and the statistics, never to the caller.
final class Discovery: Sendable {
    typealias Sink = @Sendable (_ service: Int, _ endpoints: [Endpoint]) -> Void

    private enum State {
        case ready
        case running(MultiThreadedEventLoopGroup, DiscoveryLoop, ended: EventLoopFuture<Void>)
        /// Nothing is left to do after the endpoints were handed over.
        case settled
    }

    private let services: [(index: Int, source: ServiceSource)]
    private let settings: DiscoverySettings
    private let logger: Logger
    private let sink: Sink
    private let lookup = NameLookup()
    private let monitor = DiscoveryMonitor()
    private let state = NIOLockedValueBox(State.ready)

    /// Checks the settings; nothing starts yet. `sink` gets the index of a service and its endpoints.
    ///
    /// Errors: no Nomad address for a service that needs one, an impossible name, unreadable TLS files.
    init(
        services: [(index: Int, source: ServiceSource)],
        settings: DiscoverySettings,
        logger: Logger,
        sink: @escaping Sink
    ) throws(NomadSetupError) {
        if services.contains(where: { $0.source.isNomad }) { _ = try settings.usableAddress() }
        self.services = services
        self.settings = settings
        self.logger = logger
        self.sink = sink
    }

    /// What discovery has done so far; any thread.
    var statistics: DiscoveryStatistics { monitor.statistics }

    /// Starts, once. Services with numeric fixed endpoints alone are handed to the sink before this returns, on the
    /// calling thread; all later calls of the sink come from the discovery thread.
    func start() {
        var watched: [ServiceWatcher.Subject] = []
        var named: [Int: [HostPort]] = [:]
        for (index, source) in services {
            switch source {
            case .nomad(let service, let namespace):
                watched.append(
                    ServiceWatcher.Subject(
                        service: index,
                        name: service,
                        namespace: namespace ?? settings.namespace,
                        region: settings.region
                    )
                )
            case .fixed(let places) where places.allSatisfy({ HostName.isNumeric($0.host) }):
                handOver(index, places)
            case .fixed(let places):
                named[index] = places
            }
        }
        guard !watched.isEmpty || !named.isEmpty else {
            return state.withLockedValue { $0 = .settled }
        }
        launch(watched, named)
    }

    /// SIGHUP: reads the token, asks for every service and resolves every name, now. Any thread.
    func refresh() {
        state.withLockedValue { state in
            guard case .running(_, let discovery, _) = state else { return }
            discovery.loop.execute { discovery.assumeIsolated { $0.refresh() } }
        }
    }

    /// Stops for good and returns when the threads are gone; a name lookup under way is not waited for longer than
    /// a second. Any thread but the discovery thread. The sink is not called any more.
    func stop() {
        let last = state.withLockedValue { state in
            let last = state
            state = .settled
            return last
        }
        switch last {
        case .ready, .settled: return
        case .running(let group, let discovery, let ended):
            discovery.loop.execute { discovery.assumeIsolated { $0.stop() } }
            lookup.stop()
            do {
                try ended.wait()
                try group.syncShutdownGracefully()
            } catch {
                logger.error("the discovery thread did not end: \(error)")
            }
        }
    }

    private func handOver(_ service: Int, _ places: [HostPort]) {
        let resolver = EndpointResolver(
            EndpointResolver.Surroundings(lookUp: { _ in }, remind: { _, _ in }, publish: sink),
            logger: logger
        )
        resolver.update(service, places.map { EndpointCandidate($0) })
    }

    private func launch(_ watched: [ServiceWatcher.Subject], _ named: [Int: [HostPort]]) {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let discovery = DiscoveryLoop(loop: loop, lookup: lookup, logger: logger, sink: sink)
        let (settings, monitor) = (settings, monitor)
        let ended = loop.flatSubmit {
            discovery.assumeIsolated {
                $0.start(watched: watched, fixed: named, settings: settings, monitor: monitor)
            }
        }
        state.withLockedValue { $0 = .running(group, discovery, ended: ended) }
    }
}
