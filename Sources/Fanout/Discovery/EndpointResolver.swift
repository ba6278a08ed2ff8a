import Logging
import Reactor

/// Turns candidates into endpoints: numeric hosts at once, names when they are looked up, each address an endpoint.
///
/// Confined to the discovery thread and free of threads and clocks itself: it is given ways to look up a name now
/// and to be reminded of one later.
final class EndpointResolver {
    /// How often a name is looked up again.
    static let refreshInterval = Duration.seconds(30)
    /// The first retry of a failed lookup; doubled up to ``refreshInterval``.
    static let firstRetry = Duration.seconds(1)
    /// The most endpoints of one service.
    static let limit = UsableRegistrations.limit

    /// What the resolver needs from outside.
    struct Surroundings {
        /// Looks up a name and calls ``EndpointResolver/finishLookup(of:_:)``; the next one comes only after that.
        let lookUp: (String) -> Void
        /// Calls ``EndpointResolver/lookUpAgain(_:)`` after a while.
        let remind: (String, Duration) -> Void
        /// Gets a service's endpoints when they changed.
        let publish: (Int, [Endpoint]) -> Void
    }

    private struct Name {
        /// The last good answer, kept through failures.
        var addresses: [SocketAddress]?
        var failures = 0
        var isPending = true
        var hasReminder = false
    }

    private let surroundings: Surroundings
    private let logger: Logger
    private var candidates: [Int: [EndpointCandidate]] = [:]
    private var published: [Int: [Endpoint]] = [:]
    private var names: [String: Name] = [:]
    /// Names to look up, in their order, while ``lookedUp`` is under way: a lookup can take many seconds, and those of
    /// an answer that is past must not stand in the way of those that are wanted now.
    private var queue: [String] = []
    private var lookedUp: String?

    init(_ surroundings: Surroundings, logger: Logger) {
        self.surroundings = surroundings
        self.logger = logger
    }

    /// Replaces the candidates of a service and publishes what is known of them.
    func update(_ service: Int, _ fresh: [EndpointCandidate]) {
        candidates[service] = fresh
        let used = Set(candidates.values.joined().lazy.map(\.place.host).filter { !HostName.isNumeric($0) })
        names = names.filter { used.contains($0.key) }
        queue.removeAll { !used.contains($0) }
        // A service comes before its names' answers, which may arrive at once in tests.
        let missing = used.filter { names[$0] == nil }
        for name in missing { names[name] = Name() }
        publish(service)
        queue += missing
        lookUpNext()
    }

    /// Takes the answer of a lookup.
    func finishLookup(of host: String, _ result: Result<[SocketAddress], LookupError>) {
        if lookedUp == host { lookedUp = nil }
        defer { lookUpNext() }
        guard var name = names[host] else { return }
        name.isPending = false
        let delay: Duration
        switch result {
        case .success(let addresses):
            if name.failures > 0 { logger.notice("the name resolves again", metadata: ["host": "\(host)"]) }
            name.addresses = addresses
            name.failures = 0
            delay = Self.refreshInterval
        case .failure(let error):
            if name.failures == 0 {
                logger.warning(
                    name.addresses == nil
                        ? "a name does not resolve" : "a name does not resolve, its last addresses stay in use",
                    metadata: ["host": "\(host)", "error": "\(error.reason)"]
                )
            }
            // 2^5 s is beyond the interval.
            delay = min(Self.refreshInterval, Self.firstRetry * (1 << min(name.failures, 5)))
            name.failures = min(name.failures + 1, Int(Int32.max))
        }
        let needsReminder = !name.hasReminder
        name.hasReminder = true
        names[host] = name
        if needsReminder { surroundings.remind(host, delay) }
        for (service, list) in candidates where list.contains(where: { $0.place.host == host }) { publish(service) }
    }

    /// Looks up a name again when its reminder is due; a name that is no longer used is forgotten.
    func lookUpAgain(_ host: String) {
        names[host]?.hasReminder = false
        lookUpUnlessPending(host)
    }

    /// Looks up all names now.
    func refresh() {
        for host in names.keys { lookUpUnlessPending(host) }
    }

    private func lookUpUnlessPending(_ host: String) {
        guard let name = names[host], !name.isPending else { return }
        names[host]?.isPending = true
        queue.append(host)
        lookUpNext()
    }

    private func lookUpNext() {
        guard lookedUp == nil, !queue.isEmpty else { return }
        let host = queue.removeFirst()
        lookedUp = host
        surroundings.lookUp(host)
    }

    private func publish(_ service: Int) {
        var endpoints: [Endpoint] = []
        var known: Set<SocketAddress> = []
        var isIncomplete = false
        for candidate in candidates[service] ?? [] {
            let host = candidate.place.host
            let addresses: [SocketAddress]
            if let address = SocketAddress(numericHost: host, port: candidate.place.port) {
                addresses = [address]
            } else {
                let resolved = names[host]?.addresses
                if resolved == nil { isIncomplete = true }
                addresses = resolved ?? []
            }
            for address in addresses where endpoints.count < Self.limit {
                let endpoint = candidate.resolved(to: address)
                if known.insert(endpoint.address).inserted { endpoints.append(endpoint) }
            }
        }
        // Nothing yet, or a failure, is not the same as nothing: it must not take the place of what is in use.
        if endpoints.isEmpty, isIncomplete { return }
        guard endpoints != published[service] else { return }
        published[service] = endpoints
        surroundings.publish(service, endpoints)
    }
}
