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
    /// Unknown tags that were warned about.
    private let warned = Locked(Set<String>())

    init(
        registry: EndpointRegistry,
        services: [String],
        listeners: [ListeningSocket],
        events: Wakeup,
        logger: Logger
    ) throws(SystemError) {
        times = try HistogramTable(count: services.count)
        self.registry = registry
        self.services = services
        self.listeners = listeners
        self.events = events
        self.logger = logger
    }

    func apply(service: Int, endpoints: [Endpoint]) {
        let own = OwnAddresses.current()
        let foreign = endpoints.filter { !isOwnListener($0.address, own) }
        let begin = Deadline.now()
        let change = registry.replace(service: service, with: foreign)
        times[service].count(Deadline.now().since(begin) / 1_000)
        events.signal()
        warnOfUnknownTags(endpoints)
        var metadata: Logger.Metadata = ["service": "\(services[service])", "endpoints": "\(change.total)"]
        if !change.added.isEmpty { metadata["added"] = "\(names(change.added))" }
        if !change.removed.isEmpty { metadata["removed"] = "\(names(change.removed))" }
        logger.info("endpoints changed", metadata: metadata)
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
