import Reactor
import Synchronization

/// Turns what discovery finds into what workers read: gives endpoints their slots, publishes snapshots, and takes
/// slots back when nobody uses them.
///
/// Callable from any thread, one caller at a time works inside. Reads by log and state dump go through the same lock.
final class EndpointRegistry: Sendable {
    /// Slots for endpoints of all services, those included that have left but still have sessions.
    static let slotCapacity = 32_768
    /// Endpoints used for one service; more would make every choice dearer than it is worth.
    static let mostEndpoints = 10_000
    /// Names of endpoints that have left, kept for log lines that come later.
    static let keptNames = 4_096
    /// How long the health of an endpoint that has left is remembered, should it come back, and of how many.
    static let longestMemory: UInt64 = 600_000_000_000
    static let mostRemembered = 4_096

    /// An endpoint and the slot that counts its connections.
    struct Assignment: Sendable {
        let endpoint: Endpoint
        let service: Int
        let slot: UInt32
        let identity: UInt64
        let traits: EndpointTraits
    }

    /// How endpoints are treated; the same for all services.
    struct Policy: Sendable {
        /// Nanoseconds; 0 for none.
        var slowStart: UInt64 = 10_000_000_000
        /// The nearest first.
        var preferences: [Preference] = []
        var seed: UInt64 = 1
    }

    private struct Key: Hashable {
        let service: Int
        let address: SocketAddress
    }

    /// The health of an endpoint, and what was known of its slot's outcomes at the last look.
    private struct Patient {
        var health: EndpointHealth
        var seen: Outcomes
        /// As it was published: of its weight, and whether it is of the first tier.
        var share: Double
        var isPreferred = false
        /// Results of active checks since the last look.
        var checks: [Bool] = []
        /// When it left; nil while it is there.
        var leftAt: Deadline?
    }

    private struct State {
        /// What discovery said last; nil where it has not answered yet.
        var wanted: [[Endpoint]?]
        /// How often each service has changed.
        var revisions: [UInt32]
        var live: [Key: Assignment] = [:]
        var patients: [Key: Patient] = [:]
        /// When time alone changes the health of an endpoint.
        var nextLook = Deadline.never
        /// Assignments out of use, with the first version that does not hold them.
        var leaving: [Key: (assignment: Assignment, since: UInt64)] = [:]
        var freeSlots: [UInt32] = []
        var nextSlot: UInt32 = 0
        var names: [UInt64: Assignment] = [:]
        var formerIdentities: [UInt64] = []
        var nextIdentity: UInt64 = 1
        var version: UInt64 = 1
        var isBehind = false
        /// Whether endpoints wait for a slot.
        var lacksSlots = false
        var ledger: EndpointLedger
    }

    private let state: Locked<State>
    private let publication: Publication
    private let loads: LoadTable
    private let policy: Policy
    private let removals: RemovalTable?
    /// What metrics call each service; empty if each has a name of its own.
    private let labels: [String]

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
        state = Locked(
            State(
                wanted: Array(repeating: nil, count: services),
                revisions: Array(repeating: 0, count: services),
                ledger: EndpointLedger(services: services, statistics: statistics)
            )
        )
        self.policy = policy
        self.labels = labels
        self.publication = publication
        self.loads = loads
        self.removals = removals
    }

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
            // Those of the first answer have been there before us.
            admit(used, service, areKnownGood: state.wanted[service] == nil, now, &state)
            state.wanted[service] = used
            state.revisions[service] &+= 1
            let old = Set(before.map(\.address))
            let new = Set(used.map(\.address))
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
    var needsTidying: Bool { state.with { $0.isBehind || !$0.leaving.isEmpty } }

    /// Publishes what a stuck worker has kept back, and takes back slots; called now and then.
    func tidy(at now: Deadline = .now()) {
        state.with { state in
            collectSlots(&state)
            if state.isBehind || (state.lacksSlots && !state.freeSlots.isEmpty) { _ = publish(&state, now) }
        }
    }

    // MARK: Health

    /// An endpoint whose state has changed.
    struct Transition: Sendable {
        let assignment: Assignment
        let health: EndpointHealth
    }

    /// When ``look(at:)`` has something to do; bad outcomes ring the doorbell of the ``OutcomeTable`` too.
    var nextLook: Deadline {
        loads.outcomes.hasNews ? Deadline(nanoseconds: 0) : state.with { $0.nextLook }
    }

    /// Looks at what came of connects and sessions since the last time, and publishes what that changes.
    func look(at now: Deadline = .now()) -> [Transition] {
        loads.outcomes.beginLook()
        return state.with { state in
            var transitions: [Transition] = []
            var isStale = false
            for (key, assignment) in state.live {
                guard var patient = state.patients[key] else { continue }
                let before = patient.health
                // Of its own, so that the order of the endpoints does not matter.
                var random = SplitMix(seed: policy.seed ^ SplitMix.mixed(assignment.identity &+ before.ejections))
                let outcomes = loads.outcomes.outcomes(of: assignment.slot)
                if before.state == .ready && outcomes == patient.seen && patient.share == 1 && patient.checks.isEmpty {
                    continue
                }
                patient.health.note(
                    outcomes.since(patient.seen),
                    isTrialLeft: loads.outcomes.isTrialLeft(slot: assignment.slot),
                    at: now,
                    using: &random
                )
                patient.seen = outcomes
                for check in patient.checks {
                    patient.health.note(checkSucceeded: check, at: now, using: &random)
                }
                patient.checks.removeAll()
                patient.health.advance(to: now)
                isStale = isStale || patient.health.share(at: now) != patient.share
                if before.isOnTrial && patient.health.isOnTrial {
                    // Nobody came, or nothing was heard of it: once more.
                    if patient.health.state != before.state { loads.outcomes.offerTrial(slot: assignment.slot) }
                } else if patient.health.state != before.state {
                    isStale = true
                    if patient.health.ejections > before.ejections { state.ledger.addEjection(to: assignment.slot) }
                    transitions.append(Transition(assignment: assignment, health: patient.health))
                }
                state.patients[key] = patient
            }
            if isStale { _ = publish(&state, now) }
            for change in transitions {
                if change.health.isOnTrial {
                    loads.outcomes.offerTrial(slot: change.assignment.slot)
                } else {
                    loads.outcomes.withdrawTrial(slot: change.assignment.slot)
                }
            }
            forgetPatients(&state, now)
            planNextLook(&state, now)
            return transitions
        }
    }

    /// Takes down the results of active checks, by the addresses that were checked; the next look is due at once.
    func note(checks: [(service: Int, address: SocketAddress, succeeded: Bool)]) {
        state.with { state in
            for check in checks {
                let key = Key(service: check.service, address: check.address)
                state.patients[key]?.checks.append(check.succeeded)
            }
            state.nextLook = Deadline(nanoseconds: 0)
        }
    }

    /// The endpoint that an identity belongs or belonged to.
    func assignment(of identity: UInt64) -> Assignment? {
        state.with { $0.names[identity] }
    }

    /// Whether discovery has answered, for each service.
    var areKnown: [Bool] { state.with { $0.wanted.map { $0 != nil } } }

    /// An endpoint as it is now, with what is counted on it: for logs, metrics and the admin endpoint.
    struct Observation: Sendable {
        let assignment: Assignment
        let name: EndpointHealth.Name
        /// Whether new connections go to it before others.
        let isPreferred: Bool
        /// Nil where it has left and is forgotten.
        let health: EndpointHealth?
        let account: EndpointLedger.Account
        let counts: EndpointCounts
        let connections: UInt32
        /// What a connect and the first byte usually take, in microseconds; 0 for what is not known.
        let connectMicroseconds: UInt32
        let firstByteMicroseconds: UInt32

        /// It has left, and has sessions.
        var isLeaving: Bool { name == .removed }
    }

    /// Every endpoint in the order of its coming, those at the end that have left; and for each service what its unnamed
    /// ones have left behind.
    func observe() -> (endpoints: [Observation], unnamedBefore: [EndpointCounts]) {
        state.with { state in
            let live = state.live.sorted { $0.value.identity < $1.value.identity }
                .compactMap { observation($0.key, $0.value, isLeaving: false, state) }
            let leaving = state.leaving.sorted { $0.value.assignment.identity < $1.value.assignment.identity }
                .compactMap { observation($0.key, $0.value.assignment, isLeaving: true, state) }
            return (live + leaving, state.wanted.indices.map { state.ledger.unnamedBefore($0) })
        }
    }

    private func observation(_ key: Key, _ assignment: Assignment, isLeaving: Bool, _ state: State) -> Observation? {
        guard let account = state.ledger.account(of: assignment.slot) else { return nil }
        let health = state.patients[key]?.health
        return Observation(
            assignment: assignment,
            name: isLeaving ? .removed : assignment.traits.isDraining ? .draining : health?.name ?? .ready,
            isPreferred: !isLeaving && state.patients[key]?.isPreferred ?? true,
            health: health,
            account: account,
            counts: state.ledger.counts(of: assignment.slot),
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
        var live: [Key: Assignment] = [:]
        let rows = state.wanted.indices.map { service -> [EndpointSnapshot.Row]? in
            guard let endpoints = state.wanted[service] else { return nil }
            let assignments = endpoints.compactMap { endpoint -> Assignment? in
                let key = Key(service: service, address: endpoint.address)
                guard let assignment = assign(endpoint, to: key, &state) else {
                    unplaced += 1
                    return nil
                }
                live[key] = assignment
                return assignment
            }
            return self.rows(of: assignments, &state, now)
        }
        for (key, assignment) in state.live where live[key] == nil {
            state.leaving[key] = (assignment, state.version)
            removals?.note(assignment.slot)
            state.ledger.leave(assignment.slot)
        }
        state.live = live
        state.lacksSlots = unplaced > 0
        publication.publish(EndpointSnapshot(version: state.version, services: rows, revisions: state.revisions))
        return unplaced
    }

    /// The endpoints of a service as workers choose from them.
    private func rows(of assignments: [Assignment], _ state: inout State, _ now: Deadline) -> [EndpointSnapshot.Row] {
        let plan = EndpointPlan(
            assignments.map { assignment in
                let key = Key(service: assignment.service, address: assignment.endpoint.address)
                let health = state.patients[key]?.health
                let share = health?.share(at: now) ?? 1
                state.patients[key]?.share = share
                let traits = assignment.traits
                return EndpointPlan.Candidate(
                    weight: traits.weight,
                    priority: traits.priority,
                    distance: policy.preferences.firstIndex { $0.matches(assignment.endpoint, traits) }
                        ?? policy.preferences.count,
                    isDraining: traits.isDraining,
                    share: share,
                    isOnTrial: health?.isOnTrial ?? false,
                    severity: health?.severity ?? 0
                )
            }
        )
        for assignment in assignments {
            state.patients[Key(service: assignment.service, address: assignment.endpoint.address)]?.isPreferred = false
        }
        return plan.rows.map { row in
            let assignment = assignments[row.candidate]
            let key = Key(service: assignment.service, address: assignment.endpoint.address)
            state.patients[key]?.isPreferred = row.tier == plan.rows.first?.tier
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

    /// Endpoints that are new to us begin slowly; those that were here before are as they were.
    private func admit(
        _ endpoints: [Endpoint],
        _ service: Int,
        areKnownGood: Bool,
        _ now: Deadline,
        _ state: inout State
    ) {
        let here = Set(endpoints.map(\.address))
        for (key, assignment) in state.live where key.service == service && !here.contains(assignment.endpoint.address)
        {
            state.patients[key]?.leftAt = now
        }
        for endpoint in endpoints {
            let key = Key(service: service, address: endpoint.address)
            if state.patients[key] == nil {
                let health = EndpointHealth(slowStart: policy.slowStart, isKnownGood: areKnownGood, at: now)
                state.patients[key] = Patient(health: health, seen: Outcomes(), share: 1)
            }
            state.patients[key]?.leftAt = nil
        }
        planNextLook(&state, now)
    }

    private func planNextLook(_ state: inout State, _ now: Deadline) {
        state.nextLook = state.patients.values.reduce(.never) {
            $1.leftAt == nil ? min($0, $1.health.nextChange(after: now)) : $0
        }
    }

    private func forgetPatients(_ state: inout State, _ now: Deadline) {
        guard state.patients.count > state.live.count else { return }
        let isCrowded = state.patients.count > state.live.count + Self.mostRemembered
        state.patients = state.patients.filter { _, patient in
            guard let leftAt = patient.leftAt else { return true }
            return !isCrowded && now.since(leftAt) < Self.longestMemory
        }
    }

    /// The slot that the endpoint has already, also when it was just leaving, or a free one.
    private func assign(_ endpoint: Endpoint, to key: Key, _ state: inout State) -> Assignment? {
        if let known = state.live[key], known.endpoint == endpoint { return known }
        let slot: UInt32
        if let known = state.live[key] {
            slot = known.slot
        } else if let former = state.leaving.removeValue(forKey: key)?.assignment {
            forgetLater(former.identity, &state)
            slot = former.slot
            state.ledger.enter(slot, service: key.service)
        } else if let free = state.freeSlots.popLast() {
            slot = free
            state.ledger.enter(slot, service: key.service)
        } else if state.nextSlot < UInt32(Self.slotCapacity) {
            slot = state.nextSlot
            state.nextSlot += 1
            state.ledger.enter(slot, service: key.service)
        } else {
            return nil
        }
        if state.live[key] == nil {
            // What was counted on the slot before belongs to another, or was looked at.
            loads.outcomes.withdrawTrial(slot: slot)
            loads.outcomes.forgetTimes(slot: slot)
            state.patients[key]?.seen = loads.outcomes.outcomes(of: slot)
        }
        removals?.clear(slot)
        let assignment = Assignment(
            endpoint: endpoint,
            service: key.service,
            slot: slot,
            identity: state.nextIdentity,
            traits: endpoint.traits
        )
        state.nextIdentity += 1
        state.names[assignment.identity] = assignment
        if let former = state.live[key] { forgetLater(former.identity, &state) }
        return assignment
    }

    /// A slot is free when no live snapshot holds it and no session counts on it, looked at in that order: nobody
    /// can choose it any more once the first is true, so the second stays true.
    private func collectSlots(_ state: inout State) {
        guard !state.leaving.isEmpty else { return }
        let oldest = publication.reclaim()
        for (key, entry) in state.leaving where entry.since <= oldest && loads.load(of: entry.assignment.slot) == 0 {
            state.leaving[key] = nil
            state.freeSlots.append(entry.assignment.slot)
            state.ledger.close(entry.assignment.slot, heir: heir(of: key, state))
            forgetLater(entry.assignment.identity, &state)
        }
    }

    /// The slot of the same endpoint under another service of the same label.
    private func heir(of key: Key, _ state: State) -> UInt32? {
        guard let label = labels.isEmpty ? nil : labels[key.service] else { return nil }
        for service in labels.indices where service != key.service && labels[service] == label {
            let other = Key(service: service, address: key.address)
            if let slot = (state.live[other] ?? state.leaving[other]?.assignment)?.slot { return slot }
        }
        return nil
    }

    private func forgetLater(_ identity: UInt64, _ state: inout State) {
        state.formerIdentities.append(identity)
        if state.formerIdentities.count > Self.keptNames {
            state.names[state.formerIdentities.removeFirst()] = nil
        }
    }
}
