import NIOCore

/// Everything the double remembers; lives under one lock.
struct AgentState: Sendable {
    /// A server holds a consistent request this long before it reports that there is no leader (`RPCHoldTimeout`).
    static let leaderHold = 5.0

    var settings: Settings
    var table = RegistrationTable()
    /// The older state that stale reads get while the follower lags.
    var follower: RegistrationTable?
    var leaderlessSince: NIODeadline?
    var laggingSince: NIODeadline?
    var parked = ParkedQueries()
    var faults = FaultPlan()
    var tokens = TokenRegistry()
    var log = RequestLog()
    var randomness: Randomness
    var abandonedQueries = 0
    var nextQueryID: UInt64 = 0

    /// The little that decides whether a query may answer now.
    var visibility: Visibility {
        Visibility(
            hasLeader: leaderlessSince == nil,
            index: table.replyIndex,
            staleIndex: (follower ?? table).replyIndex
        )
    }

    /// The answer's data as of now.
    func reading(_ query: Query, for identity: Identity) -> Reading {
        let table = servingTable(query)
        var reading = Reading(index: table.replyIndex)
        if query.options.isStale {
            reading.isLeaderKnown = leaderlessSince == nil
            reading.lastContact = millisecondsSince(leaderlessSince ?? laggingSince)
        }
        switch query.watch {
        case .service(let key):
            reading.rows = table.rows(of: key)
        case .namespace(let namespace):
            reading.stubs = stubs(table) { $0 == namespace }
        case .everyNamespace:
            let namespaces = Set(table.services.keys.map(\.namespace)).union(["default"])
            let allowed = namespaces.filter(identity.mayListAcrossNamespaces)
            if allowed.isEmpty { reading.index = nil }
            reading.stubs = stubs(table, where: allowed.contains)
        }
        return reading
    }

    /// The parked queries that these changes wake and that may answer; they leave the parking.
    mutating func wake(_ changes: [RegistrationTable.Change]) -> [ParkedQueries.Parked] {
        guard !changes.isEmpty else { return [] }
        let rule = settings.spuriousWakes
        return parked.watches.flatMap { watch in
            let isWoken = changes.contains { watch.isWoken(by: $0, in: table, rule: rule) }
            return isWoken ? takeReady(watch) : []
        }
    }

    /// The parked queries that may answer after the whole state changed.
    mutating func wakeAll() -> [ParkedQueries.Parked] { parked.watches.flatMap { takeReady($0) } }

    /// All parked queries, which then look again for themselves.
    mutating func takeAll() -> [ParkedQueries.Parked] { parked.watches.flatMap { parked.take($0) { _ in true } } }

    private mutating func takeReady(_ watch: Watch) -> [ParkedQueries.Parked] {
        let visibility = self.visibility
        return parked.take(watch) { visibility.readiness(of: $0) == .ready }
    }

    private func servingTable(_ query: Query) -> RegistrationTable {
        query.options.isStale ? follower ?? table : table
    }

    private func millisecondsSince(_ start: NIODeadline?) -> UInt64 {
        guard let start else { return 0 }
        let real = Double((NIODeadline.now() - start).nanoseconds) / 1e6
        return UInt64(max(0, min(real / max(settings.timeScale, 1e-6), 9e12)))
    }

    private func stubs(_ table: RegistrationTable, where isIncluded: (String) -> Bool) -> [ServiceStub] {
        table.services.filter { isIncluded($0.key.namespace) }
            .map { key, rows in
                ServiceStub(key: key, tags: Set(rows.flatMap { $0.registration.tags ?? [] }).sorted())
            }
            .sorted { ($0.key.namespace, $0.key.name) < ($1.key.namespace, $1.key.name) }
    }
}

/// What a query can see of the state: a leader, and the index it would be answered with.
struct Visibility {
    let hasLeader: Bool
    let index: UInt64
    let staleIndex: UInt64

    enum Readiness {
        case ready
        case unchanged
        case leaderless
    }

    /// Nomad answers iff the table's index is greater than the asked one (`blockingRPC`).
    func readiness(of query: Query) -> Readiness {
        if !hasLeader, !query.options.isStale { return .leaderless }
        let current = query.options.isStale ? staleIndex : index
        return query.isBlocking && current <= query.options.index ? .unchanged : .ready
    }
}
