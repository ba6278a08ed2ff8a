/// Why an endpoint gets new connections or none, in plain sentences; a pure function of what the admin endpoint says.
struct Explanation: Equatable, Sendable {
    let getsTraffic: Bool
    /// The first one is the verdict.
    let sentences: [String]

    init(of endpoint: EndpointsReport.Entry, in service: EndpointsReport.Service, status: StatusReport) {
        let surroundings = Surroundings(of: endpoint, in: service)
        let (gets, verdict) = Self.verdict(endpoint, surroundings)
        let isDraining = status.state == .draining
        getsTraffic = gets && !isDraining
        sentences =
            (isDraining ? ["Gets no new connections: Fanout drains and takes none."] : verdict)
            + [Self.load(endpoint, surroundings)]
            + Self.share(endpoint, surroundings)
            + Self.latency(endpoint)
            + Self.failures(endpoint)
    }

    /// What matters about the other endpoints of the service.
    private struct Surroundings {
        /// The others that may be chosen, of whatever priority.
        let usable: [EndpointsReport.Entry]
        /// The best priority of all that may be chosen.
        let priority: Int

        init(of endpoint: EndpointsReport.Entry, in service: EndpointsReport.Service) {
            let all = service.endpoints.filter(\.isUsable)
            usable = all.filter { $0 != endpoint }
            priority = all.map(\.priority).min() ?? endpoint.priority
        }

        var first: [EndpointsReport.Entry] { usable.filter { $0.priority == priority } }
    }

    private static func verdict(
        _ endpoint: EndpointsReport.Entry,
        _ others: Surroundings
    ) -> (gets: Bool, sentences: [String]) {
        let left = endpoint.connections == 0 ? "None is left on it." : "It keeps those that it has."
        if endpoint.isCanary {
            return (
                false,
                ["Gets no new connections: its tag \(UsableRegistrations.canaryTag) says that it is not promoted yet."]
            )
        }
        switch endpoint.state {
        case .draining:
            return (false, ["Gets no new connections: \(endpoint.reason ?? "it drains").", left])
        case .removed:
            return (
                false, ["Gets no new connections: \(endpoint.reason ?? "discovery does not name it any more").", left]
            )
        case .ejected where others.usable.isEmpty:
            return (
                true,
                [
                    "Is ejected, and gets new connections all the same: no endpoint of the service is better.",
                    "Why it is ejected: \(endpoint.reason ?? "not known").",
                ]
            )
        case .ejected:
            let back = endpoint.returnsInSeconds.map { ["Returns in \(Figures.age($0))."] } ?? []
            return (false, ["Gets no new connections for now: \(endpoint.reason ?? "it is ejected")."] + back)
        case .new, .ready, .suspect:
            guard endpoint.priority > others.priority else { return (true, choice(endpoint)) }
            let better = Figures.counted(others.first.count, "endpoint")
            return (
                false,
                [
                    "Gets no new connections: it is a backup (priority \(endpoint.priority)), and \(better) of priority "
                        + "\(others.priority) can be used."
                ]
            )
        }
    }

    private static func choice(_ endpoint: EndpointsReport.Entry) -> [String] {
        let since = endpoint.sinceSeconds.map { " for \(Figures.age($0))" } ?? ""
        switch endpoint.state {
        case .new:
            return ["Gets new connections, at first fewer than its share: it has been known\(since)."]
        case .suspect:
            return ["Gets new connections, but may be ejected: \(endpoint.reason ?? "it failed of late")."]
        case .ready, .ejected, .draining, .removed:
            return ["Gets new connections; \(endpoint.state.rawValue)\(since)."]
        }
    }

    private static func load(_ endpoint: EndpointsReport.Entry, _ others: Surroundings) -> String {
        let own =
            "Has \(Figures.counted(endpoint.connections, "connection")) now, \(Figures.count(endpoint.connectionsTotal)) in all"
        let beside = others.first
        guard !beside.isEmpty else { return "\(own); no other endpoint can be used." }
        let mean = Double(beside.reduce(0) { $0 + $1.connections }) / Double(beside.count)
        guard beside.count > 1 else { return "\(own); the other one in use has \(Figures.plain(mean))." }
        return "\(own); the other \(Figures.count(beside.count)) in use have \(Figures.plain(mean)) each on average."
    }

    /// What changes its share beside its state.
    private static func share(_ endpoint: EndpointsReport.Entry, _ others: Surroundings) -> [String] {
        var sentences: [String] = []
        if others.first.contains(where: { $0.weight != endpoint.weight }) {
            sentences.append("Its weight is \(endpoint.weight), and theirs are \(weights(others.first)).")
        }
        if let zone = endpoint.zone { sentences.append("It is in zone \(zone).") }
        return sentences
    }

    private static func weights(_ endpoints: [EndpointsReport.Entry]) -> String {
        guard let least = endpoints.map(\.weight).min(), let most = endpoints.map(\.weight).max() else { return "none" }
        return least == most ? "\(least)" : "\(least) to \(most)"
    }

    private static func latency(_ endpoint: EndpointsReport.Entry) -> [String] {
        guard let connect = endpoint.connectSeconds else { return [] }
        let firstByte = endpoint.firstByteSeconds.map { ", and its first byte \(Figures.latency($0)) more" } ?? ""
        return ["A connect to it usually takes \(Figures.latency(connect))\(firstByte)."]
    }

    private static func failures(_ endpoint: EndpointsReport.Entry) -> [String] {
        let counts = endpoint.connectFailuresTotal
        let kinds = [
            (counts.refused, "refused"), (counts.timedOut, "timed out"), (counts.unreachable, "unreachable"),
            (counts.other, "other"),
        ].filter { $0.0 > 0 }
        guard !kinds.isEmpty else { return [] }
        let total = kinds.reduce(0) { $0 + $1.0 }
        let parts = kinds.map { "\(Figures.count($0.0)) \($0.1)" }.joined(separator: ", ")
        let ejections =
            endpoint.ejectionsTotal == 0 ? "" : "; it was ejected \(Figures.counted(endpoint.ejectionsTotal, "time"))"
        return ["\(Figures.counted(total, "connect")) to it failed: \(parts)\(ejections)."]
    }
}

extension EndpointsReport.Entry {
    var isCanary: Bool { tags.contains(UsableRegistrations.canaryTag) }

    /// Whether a worker may choose it while no better priority is there.
    var isUsable: Bool {
        switch state {
        case .new, .ready, .suspect: !isCanary
        case .ejected, .draining, .removed: false
        }
    }

    /// What tells it from others: its name, and where it runs.
    var origin: String {
        let parts = [alloc.map { "alloc \($0.prefix(8))" }, datacenter, name == address ? nil : address]
        return parts.compactMap(\.self).joined(separator: ", ")
    }
}
