import Reactor

/// After scale-out moves surplus sessions, and only those, to the endpoints that have joined: each second it grants the
/// workers so many tickets as bring every service a step nearer to its fair shares.
///
/// The supervisor's thread.
struct Rebalancer {
    static let interval: UInt64 = 1_000_000_000

    private var probe = EndpointProbe()
    private(set) var next: Deadline

    private let endpointCap: Int

    init(endpointCap: UInt32 = .max, now: Deadline) {
        self.endpointCap = Int(endpointCap)
        next = now.advanced(by: Self.interval)
    }

    /// One look, if it is time.
    mutating func look(at fleet: Fleet, now: Deadline) {
        guard now >= next else { return }
        next = now.advanced(by: Self.interval)
        let loads = fleet.registry.observe().endpoints.filter { Self.mayServe($0) }
        probe.collect(known: Set(loads.map(\.assignment.identity)), now: now)
        var moves: [(slot: UInt32, count: UInt32)] = []
        for (_, endpoints) in Dictionary(grouping: loads, by: \.assignment.service) {
            let assignments = Dictionary(uniqueKeysWithValues: endpoints.map { ($0.assignment.slot, $0.assignment) })
            let rows = Self.rows(endpoints, now)
            let plan = RebalancePlan(rows) { row in
                row.sessions < endpointCap && (assignments[row.slot].map { probe.isConnectable($0, now: now) } ?? false)
            }
            moves += plan.moves
        }
        fleet.rebalance(moves)
    }

    /// Of those that new connections go to first. A suspect keeps what it has, and gets no more.
    private static func mayServe(_ endpoint: EndpointObservation) -> Bool {
        switch endpoint.name {
        case .new, .ready: endpoint.isPreferred
        case .suspect, .ejected, .draining, .removed: false
        }
    }

    /// Weights in hundredths. Who begins slowly has a small share as yet, but is not made to give up what it has.
    private static func rows(
        _ endpoints: [EndpointObservation],
        _ now: Deadline
    ) -> [RebalancePlan.Endpoint] {
        let sessions = endpoints.reduce(0) { $0 + Double($1.connections) }
        let weights = endpoints.reduce(0) { $0 + 100 * Double($1.assignment.traits.weight) }
        return endpoints.map { endpoint in
            let whole = 100 * Double(endpoint.assignment.traits.weight)
            let present = sessions > 0 ? Double(endpoint.connections) / sessions * weights : 0
            let weight = max(whole * (endpoint.health?.share(at: now) ?? 1), min(whole, present.rounded(.up)))
            return RebalancePlan.Endpoint(
                slot: endpoint.assignment.slot,
                sessions: Int(endpoint.connections),
                weight: max(1, Int(weight))
            )
        }
    }
}
