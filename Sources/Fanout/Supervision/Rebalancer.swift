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
        let loads = fleet.registry.loadsNow().filter { !$0.isLeaving }
        probe.collect(known: Set(loads.map(\.assignment.identity)), now: now)
        var moves: [(slot: UInt32, count: UInt32)] = []
        for (_, endpoints) in Dictionary(grouping: loads, by: \.assignment.service) {
            let assignments = Dictionary(uniqueKeysWithValues: endpoints.map { ($0.assignment.slot, $0.assignment) })
            let rows = endpoints.map {
                RebalancePlan.Endpoint(slot: $0.assignment.slot, sessions: Int($0.connections))
            }
            let plan = RebalancePlan(rows) { row in
                assignments[row.slot].map { probe.isConnectable($0, now: now) } ?? false
            }
            moves += plan.moves
        }
        fleet.rebalance(moves)
    }
}
