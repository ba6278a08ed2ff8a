import Glibc
import Logging
import Reactor

/// Where discovery hands over what it has found: to the registry, with a log line for each change.
///
/// Called on the discovery thread, or on the main thread before anything else runs.
final class EndpointSink: Sendable {
    /// Endpoints named in one log line.
    private static let mostNamed = 8
    /// Different unknown tags warned about.
    private static let mostWarned = 64

    let registry: EndpointRegistry
    let services: [String]
    /// Connecting to these would be connecting to ourselves.
    let listeners: [ListeningSocket]
    /// Tells the supervisor that slots may have to be tidied up.
    let events: Wakeup
    let logger: Logger
    /// How long ``EndpointRegistry/replace(service:with:)`` took, by service.
    let times: HistogramTable
    private let keeper: StateKeeper?
    private let balance: BalancePolicy
    /// Services that discovery has answered for. Its lock is held while endpoints are put to use: those of an earlier run
    /// must not take the place of an answer.
    private let answered = Locked(Set<Int>())
    /// Unknown tags that were warned about.
    private let warned = Locked(Set<String>())

    init(
        registry: EndpointRegistry,
        services: [String],
        listeners: [ListeningSocket],
        events: Wakeup,
        logger: Logger,
        balance: BalancePolicy = .leastConnections,
        keeper: StateKeeper? = nil
    ) throws(SystemError) {
        times = try HistogramTable(count: services.count)
        self.registry = registry
        self.services = services
        self.listeners = listeners
        self.events = events
        self.logger = logger
        self.keeper = keeper
        self.balance = balance
    }

    func apply(service: Int, endpoints: [Endpoint]) {
        keeper?.note(service, endpoints)
        let foreign = withoutOwnListeners(endpoints)
        let change = answered.with { answered in
            answered.insert(service)
            let begin = Deadline.now()
            defer { times[service].count(Deadline.now().since(begin) / 1_000) }
            return registry.replace(service: service, with: foreign)
        }
        tell(service, endpoints, foreign, change)
    }

    func hasAnswer(for service: Int) -> Bool { answered.with { $0.contains(service) } }

    /// Puts endpoints of an earlier run to use, unless discovery has answered in the meantime.
    func applyLastKnown(service: Int, endpoints: [Endpoint], age: UInt64) {
        let foreign = withoutOwnListeners(endpoints)
        let change = answered.with { answered in
            answered.contains(service) ? nil : registry.replace(service: service, with: foreign)
        }
        guard let change else { return }
        logger.warning(
            "discovery has not answered yet: the last known endpoints are used",
            metadata: ["service": "\(services[service])", "endpoints": "\(change.total)", "age_s": "\(age)"]
        )
        tell(service, endpoints, foreign, change)
    }

    private func withoutOwnListeners(_ endpoints: [Endpoint]) -> [Endpoint] {
        let own = OwnAddresses.current()
        return endpoints.filter { !isOwnListener($0.address, own) }
    }

    private func tell(
        _ service: Int,
        _ endpoints: [Endpoint],
        _ foreign: [Endpoint],
        _ change: EndpointRegistry.Change
    ) {
        events.signal()
        warnOfUnknownTags(endpoints)
        var metadata: Logger.Metadata = ["service": "\(services[service])", "endpoints": "\(change.total)"]
        if !change.added.isEmpty { metadata["added"] = "\(names(change.added))" }
        if !change.removed.isEmpty { metadata["removed"] = "\(names(change.removed))" }
        logger.info("endpoints changed", metadata: metadata)
        tellOfSize(service, change)
        if foreign.count < endpoints.count {
            logger.warning(
                "an endpoint that is this proxy's own listener is not used",
                metadata: ["service": "\(services[service])"]
            )
        }
        if change.unused > 0 {
            logger.warning(
                "more endpoints than can be used",
                metadata: [
                    "service": "\(services[service])", "unused": "\(change.unused)",
                    "limit": "\(EndpointRegistry.mostEndpoints)",
                ]
            )
        }
    }

    /// A misspelt tag does nothing, which is hard to see: say so once.
    private func warnOfUnknownTags(_ endpoints: [Endpoint]) {
        for tag in Set(endpoints.lazy.flatMap(\.traits.misunderstood)) {
            guard warned.with({ $0.count < Self.mostWarned && $0.insert(tag).inserted }) else { continue }
            logger.warning("a tag on an endpoint is not understood", metadata: ["tag": "\(tag)"])
        }
    }

    /// Too many are not all looked at for each connection.
    private func tellOfSize(_ service: Int, _ change: EndpointRegistry.Change) {
        guard balance == .leastConnections else { return }
        let before = change.total - change.added.count + change.removed.count
        let (wasMany, areMany) = (before > Balancer.mostCompared, change.total > Balancer.mostCompared)
        guard wasMany != areMany else { return }
        logger.info(
            areMany ? "the better of two drawn endpoints is chosen" : "all endpoints are compared again",
            metadata: [
                "service": "\(services[service])", "endpoints": "\(change.total)", "limit": "\(Balancer.mostCompared)",
            ]
        )
    }

    private func names(_ endpoints: [Endpoint]) -> String {
        let shown = endpoints.prefix(Self.mostNamed).map(\.address.description).joined(separator: ",")
        return endpoints.count > Self.mostNamed ? "\(shown),…" : shown
    }

    private func isOwnListener(_ address: SocketAddress, _ own: Set<SocketAddress>) -> Bool {
        listeners.contains { listener in
            let bound = listener.address
            if bound == address { return true }
            return bound.isWildcard && bound.port == address.port
                && (bound.family == address.family || listener.isDualStack)
                && (address.isLoopback || own.contains(address.with(port: 0)))
        }
    }
}
