import Logging
import Reactor

/// Has the registry look at how its endpoints fare, and says in the log what has changed.
struct HealthWatch {
    /// Looks are at least so far apart, and by as many times what one takes: under a storm of failures they would else
    /// be all that is done.
    static let pause: UInt64 = 1_000_000
    static let shareOfTime: UInt64 = 4
    static let longestPause: UInt64 = 1_000_000_000
    /// Changes named at one look; the others are counted.
    private static let mostNamed = 20

    let registry: EndpointRegistry
    let services: [String]
    let logger: Logger
    /// Before that a look is not due.
    private(set) var earliest = Deadline(nanoseconds: 0)

    init(registry: EndpointRegistry, services: [String], logger: Logger) {
        self.registry = registry
        self.services = services
        self.logger = logger
    }

    mutating func look(at now: Deadline) {
        guard now >= earliest else { return }
        let changes = registry.look(at: now)
        let end = Deadline.now()
        earliest = end.advanced(by: min(Self.longestPause, max(Self.pause, end.since(now) * Self.shareOfTime)))
        for change in changes.prefix(Self.mostNamed) { tell(change, now) }
        if changes.count > Self.mostNamed {
            logger.info("more endpoints have changed", metadata: ["number": "\(changes.count - Self.mostNamed)"])
        }
    }

    private func tell(_ change: HealthRecords.Transition, _ now: Deadline) {
        var metadata: Logger.Metadata = [
            "service": "\(services[change.assignment.service])",
            "endpoint": "\(change.assignment.endpoint.address)",
        ]
        if !change.health.reason.isEmpty { metadata["reason"] = "\(change.health.reason)" }
        switch change.health.state {
        case .new: logger.info("endpoint is back, slowly", metadata: metadata)
        case .ready: logger.info("endpoint is ready", metadata: metadata)
        case .suspect: logger.info("endpoint is suspect", metadata: metadata)
        case .trial: logger.info("endpoint is on trial", metadata: metadata)
        case .ejected(let until):
            metadata["returns_in"] = "\(Interval(nanoseconds: until.since(now) / 1_000_000 * 1_000_000))"
            logger.warning("endpoint is ejected", metadata: metadata)
        }
    }
}
