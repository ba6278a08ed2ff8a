import Reactor

/// After scale-out moves surplus sessions, and only those, to the endpoints that have joined: each second it grants the
/// workers so many tickets as bring every service a step nearer to its fair shares.
///
/// The supervisor's thread.
struct Rebalancer {
    static let interval: UInt64 = 1_000_000_000

    private var probe = EndpointProbe()
    private(set) var next: Deadline

    init(now: Deadline) { next = now.advanced(by: Self.interval) }

    /// One look, if it is time.
    mutating func look(at fleet: Fleet, now: Deadline) {
        guard now >= next else { return }
        next = now.advanced(by: Self.interval)
        let loads = fleet.registry.observe().endpoints.filter { Self.mayServe($0) }
        probe.collect(known: Set(loads.map(\.assignment.identity)), now: now)
        var moves: [(slot: UInt32, count: UInt32)] = []
        for (_, all) in Dictionary(grouping: loads, by: \.assignment.service) {
            let endpoints = Self.first(of: all)
            let assignments = Dictionary(uniqueKeysWithValues: endpoints.map { ($0.assignment.slot, $0.assignment) })
            let rows = endpoints.map {
                RebalancePlan.Endpoint(
                    slot: $0.assignment.slot,
                    sessions: Int($0.connections),
                    weight: Self.weight(of: $0, now)
                )
            }
            let plan = RebalancePlan(rows) { row in
                assignments[row.slot].map { probe.isConnectable($0, now: now) } ?? false
            }
            moves += plan.moves
        }
        fleet.rebalance(moves)
    }

    private static func mayServe(_ endpoint: EndpointRegistry.Observation) -> Bool {
        switch endpoint.name {
        case .new, .ready, .suspect: true
        case .ejected, .draining, .removed: false
        }
    }

    /// Backups have no share of their own.
    private static func first(of endpoints: [EndpointRegistry.Observation]) -> [EndpointRegistry.Observation] {
        let priority = endpoints.map(\.assignment.traits.priority).min()
        return endpoints.filter { $0.assignment.traits.priority == priority }
    }

    /// In hundredths, as a new connection finds it: who begins slowly has a small share as yet.
    private static func weight(of endpoint: EndpointRegistry.Observation, _ now: Deadline) -> Int {
        let share = endpoint.health?.share(at: now) ?? 1
        return max(1, Int(100 * share * Double(endpoint.assignment.traits.weight)))
    }
}
