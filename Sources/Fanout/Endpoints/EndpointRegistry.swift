import Reactor
import Synchronization

/// Turns what discovery finds into what workers read: gives endpoints their slots, publishes snapshots, and takes
/// slots back when nobody uses them.
///
/// Callable from any thread, one caller at a time works inside. Reads by log and state dump go through the same lock.
final class EndpointRegistry: Sendable {
    /// Endpoints used for one service; more would make every choice dearer than it is worth.
    static let mostEndpoints = 10_000

    /// How endpoints are treated; the same for all services.
    struct Policy: Sendable {
        /// Nanoseconds; 0 for none.
        var slowStart: UInt64 = 10_000_000_000
        /// The nearest first.
        var preferences: [Preference] = []
        var seed: UInt64 = 1
    }

    private struct State {
        /// What discovery said last, or an earlier run knew; nil where there is neither yet.
        var wanted: [[Endpoint]?]
        /// How often each service has changed.
        var revisions: [UInt32]
        var version: UInt64 = 1
        var isBehind = false
        /// Whether endpoints wait for a slot.
        var lacksSlots = false
        var slots: SlotBook
        var records: HealthRecords
    }

    private let state: Locked<State>
    private let publication: Publication
    private let loads: LoadTable
    private let preferences: [Preference]
    private let removals: RemovalTable?

    /// - Parameters:
    ///   - labels: what metrics call each service; none if each has a name of its own.
    ///   - removals: told of endpoints that leave and come back.
    init(
        services: Int,
        labels: [String] = [],
        publication: Publication,
        loads: LoadTable,
        statistics: EndpointStatistics,
        policy: Policy = Policy(),
        removals: RemovalTable? = nil
    ) {
        let ledger = EndpointLedger(services: services, statistics: statistics)
        state = Locked(
            State(
                wanted: Array(repeating: nil, count: services),
                revisions: Array(repeating: 0, count: services),
                slots: SlotBook(ledger: ledger, labels: labels),
                records: HealthRecords(outcomes: loads.outcomes, policy: policy)
            )
        )
        preferences = policy.preferences
        self.publication = publication
        self.loads = loads
        self.removals = removals
    }

    // MARK: The catalogue

    /// What changed by one ``replace(service:with:)``.
    struct Change: Sendable {
        let added: [Endpoint]
        let removed: [Endpoint]
        let total: Int
        /// Endpoints beyond ``mostEndpoints`` or beyond the slots, which get no traffic.
        let unused: Int
    }

    /// Makes `endpoints` the endpoints of a service. Equal addresses are one endpoint, the first named counts.
    /// Sessions of endpoints that are gone go on.
    @discardableResult
    func replace(service: Int, with endpoints: [Endpoint], at now: Deadline = .now()) -> Change {
        state.with { state in
            var seen = Set<SocketAddress>()
            let distinct = endpoints.filter { seen.insert($0.address).inserted }
            let used = Array(distinct.prefix(Self.mostEndpoints))
            let before = state.wanted[service] ?? []
            let old = Set(before.map(\.address))
            let new = Set(used.map(\.address))
            for key in state.slots.live.keys where key.service == service && !new.contains(key.address) {
                state.records.dismiss(key, at: now)
            }
            for endpoint in used {
                // Those of the first answer have been there before us.
                let key = EndpointKey(service: service, address: endpoint.address)
                state.records.admit(key, isKnownGood: state.wanted[service] == nil, at: now)
            }
            state.records.planNextLook(after: now)
            state.wanted[service] = used
            state.revisions[service] &+= 1
            let unplaced = publish(&state, now)
            return Change(
                added: used.filter { !old.contains($0.address) },
                removed: before.filter { !new.contains($0.address) },
                total: used.count,
                unused: distinct.count - used.count + unplaced
            )
        }
    }

    /// Whether ``tidy()`` has something to do, now or soon.
    var needsTidying: Bool { state.with { $0.isBehind || !$0.slots.leaving.isEmpty } }

    /// Publishes what a stuck worker has kept back, and takes back slots; called now and then.
    func tidy(at now: Deadline = .now()) {
        state.with { state in
            collectSlots(&state)
            if state.isBehind || (state.lacksSlots && state.slots.hasFreeSlots) { _ = publish(&state, now) }
        }
    }

    /// Whether there is something to choose from, of discovery or of an earlier run, if only nothing; for each service.
    var areKnown: [Bool] { state.with { $0.wanted.map { $0 != nil } } }

    // MARK: Health

    /// When ``look(at:)`` has something to do; bad outcomes ring the doorbell of the ``OutcomeTable`` too.
    var nextLook: Deadline {
        loads.outcomes.hasNews ? Deadline(nanoseconds: 0) : state.with { $0.records.nextLook }
    }

    /// Looks at what came of connects and sessions since the last time, and publishes what that changes.
    func look(at now: Deadline = .now()) -> [HealthRecords.Transition] {
        loads.outcomes.beginLook()
        return state.with { state in
            let (transitions, isStale) = state.records.look(at: Array(state.slots.live.values), now: now)
            for change in transitions where change.isEjection {
                state.slots.ledger.addEjection(to: change.assignment.slot)
            }
            if isStale { _ = publish(&state, now) }
            state.records.settleTrials(transitions)
            state.records.forget(live: state.slots.live.count, at: now)
            state.records.planNextLook(after: now)
            return transitions
        }
    }

    /// Takes down the results of active checks, by the addresses that were checked; the next look is due at once.
    func note(checks: [(service: Int, address: SocketAddress, succeeded: Bool)]) {
        state.with { state in
            for check in checks {
                let key = EndpointKey(service: check.service, address: check.address)
                state.records.note(check: check.succeeded, of: key)
            }
        }
    }

    // MARK: Looking from outside

    /// The endpoint that an identity belongs or belonged to.
    func assignment(of identity: UInt64) -> EndpointAssignment? {
        state.with { $0.slots.assignment(of: identity) }
    }

    /// Every endpoint in the order of its coming, those at the end that have left; and for each service what its unnamed
    /// ones have left behind.
    func observe() -> (endpoints: [EndpointObservation], unnamedBefore: [EndpointCounts]) {
        state.with { state in
            let live = state.slots.live.values.sorted { $0.identity < $1.identity }
                .compactMap { observation($0, isLeaving: false, state) }
            let leaving = state.slots.leaving.values.map(\.assignment).sorted { $0.identity < $1.identity }
                .compactMap { observation($0, isLeaving: true, state) }
            return (live + leaving, state.wanted.indices.map { state.slots.ledger.unnamedBefore($0) })
        }
    }

    private func observation(_ assignment: EndpointAssignment, isLeaving: Bool, _ state: State) -> EndpointObservation?
    {
        guard let account = state.slots.ledger.account(of: assignment.slot) else { return nil }
        let health = state.records.health(of: assignment.key)
        return EndpointObservation(
            assignment: assignment,
            name: isLeaving ? .removed : assignment.traits.isDraining ? .draining : health?.name ?? .ready,
            isPreferred: !isLeaving && state.records.isPreferred(assignment.key),
            health: health,
            account: account,
            counts: state.slots.ledger.counts(of: assignment.slot),
            connections: loads.load(of: assignment.slot),
            connectMicroseconds: loads.outcomes.usualTime(.connect, of: assignment.slot),
            firstByteMicroseconds: loads.outcomes.usualTime(.firstByte, of: assignment.slot)
        )
    }

    // MARK: Under the lock

    /// Returns how many endpoints found no slot.
    private func publish(_ state: inout State, _ now: Deadline) -> Int {
        collectSlots(&state)
        guard publication.hasRoom else {
            state.isBehind = true
            return 0
        }
        state.isBehind = false
        state.version += 1
        var unplaced = 0
        var live: [EndpointKey: EndpointAssignment] = [:]
        let rows = state.wanted.indices.map { service -> [EndpointSnapshot.Row]? in
            guard let endpoints = state.wanted[service] else { return nil }
            let assignments = endpoints.compactMap { assign($0, service, &state) }
            unplaced += endpoints.count - assignments.count
            for assignment in assignments { live[assignment.key] = assignment }
            return self.rows(of: assignments, &state, now)
        }
        for departed in state.slots.publish(live, version: state.version) { removals?.note(departed.slot) }
        state.lacksSlots = unplaced > 0
        publication.publish(EndpointSnapshot(version: state.version, services: rows, revisions: state.revisions))
        return unplaced
    }

    private func assign(_ endpoint: Endpoint, _ service: Int, _ state: inout State) -> EndpointAssignment? {
        guard let (assignment, isNew) = state.slots.assign(endpoint, service: service) else { return nil }
        if isNew {
            state.records.settle(assignment.key, in: assignment.slot)
            removals?.clear(assignment.slot)
        }
        return assignment
    }

    /// The endpoints of a service as workers choose from them.
    private func rows(
        of assignments: [EndpointAssignment],
        _ state: inout State,
        _ now: Deadline
    ) -> [EndpointSnapshot.Row] {
        let plan = EndpointPlan(
            assignments.map { assignment in
                let share = state.records.takeShare(of: assignment.key, at: now)
                let health = state.records.health(of: assignment.key)
                let traits = assignment.traits
                return EndpointPlan.Candidate(
                    weight: traits.weight,
                    priority: traits.priority,
                    distance: preferences.firstIndex { $0.matches(assignment.endpoint, traits) } ?? preferences.count,
                    isDraining: traits.isDraining,
                    share: share,
                    isOnTrial: health?.isOnTrial ?? false,
                    severity: health?.severity ?? 0
                )
            }
        )
        for assignment in assignments { state.records.note(assignment.key, isPreferred: false) }
        return plan.rows.map { row in
            let assignment = assignments[row.candidate]
            state.records.note(assignment.key, isPreferred: row.tier == plan.rows.first?.tier)
            return EndpointSnapshot.Row(
                slot: assignment.slot,
                address: assignment.endpoint.address,
                identity: assignment.identity,
                tier: row.tier,
                cost: row.cost,
                part: row.part,
                isTrial: row.isTrial
            )
        }
    }

    private func collectSlots(_ state: inout State) {
        guard !state.slots.leaving.isEmpty else { return }
        state.slots.collect(oldest: publication.reclaim(), loads: loads)
    }
}
