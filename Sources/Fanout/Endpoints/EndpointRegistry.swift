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

    /// An endpoint and the slot that counts its connections.
    struct Assignment: Sendable {
        let endpoint: Endpoint
        let service: Int
        let slot: UInt32
        let identity: UInt64
    }

    private struct Key: Hashable {
        let service: Int
        let address: SocketAddress
    }

    private struct State {
        /// What discovery said last; nil where it has not answered yet.
        var wanted: [[Endpoint]?]
        /// How often each service has changed.
        var revisions: [UInt32]
        var live: [Key: Assignment] = [:]
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

    init(services: Int, publication: Publication, loads: LoadTable, statistics: EndpointStatistics) {
        state = Locked(
            State(
                wanted: Array(repeating: nil, count: services),
                revisions: Array(repeating: 0, count: services),
                ledger: EndpointLedger(services: services, statistics: statistics)
            )
        )
        self.publication = publication
        self.loads = loads
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
    func replace(service: Int, with endpoints: [Endpoint]) -> Change {
        state.with { state in
            var seen = Set<SocketAddress>()
            let distinct = endpoints.filter { seen.insert($0.address).inserted }
            let used = Array(distinct.prefix(Self.mostEndpoints))
            let before = state.wanted[service] ?? []
            state.wanted[service] = used
            state.revisions[service] &+= 1
            let old = Set(before.map(\.address))
            let new = Set(used.map(\.address))
            let unplaced = publish(&state)
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
    func tidy() {
        state.with { state in
            collectSlots(&state)
            if state.isBehind || (state.lacksSlots && !state.freeSlots.isEmpty) { _ = publish(&state) }
        }
    }

    /// The endpoint that an identity belongs or belonged to.
    func assignment(of identity: UInt64) -> Assignment? {
        state.with { $0.names[identity] }
    }

    /// Every endpoint with its present connections, for the state dump.
    func loadsNow() -> [(assignment: Assignment, connections: UInt32, isLeaving: Bool)] {
        let (live, leaving) = state.with { state in
            (
                state.live.values.sorted { $0.identity < $1.identity },
                state.leaving.values.sorted { $0.assignment.identity < $1.assignment.identity }
            )
        }
        return live.map { ($0, loads.load(of: $0.slot), false) }
            + leaving.map { ($0.assignment, loads.load(of: $0.assignment.slot), true) }
    }

    /// Whether discovery has answered, for each service.
    var areKnown: [Bool] { state.with { $0.wanted.map { $0 != nil } } }

    /// An endpoint with what is counted on it.
    struct Observation: Sendable {
        let assignment: Assignment
        let account: EndpointLedger.Account
        let counts: EndpointCounts
        let connections: UInt32
        let isLeaving: Bool
    }

    /// Every endpoint in the order of its coming, and for each service what its unnamed ones have left behind.
    func observe() -> (endpoints: [Observation], unnamedBefore: [EndpointCounts]) {
        let (endpoints, unnamedBefore) = state.with { state in
            let all = state.live.values.map { ($0, false) } + state.leaving.values.map { ($0.assignment, true) }
            let endpoints = all.compactMap { assignment, isLeaving in
                state.ledger.account(of: assignment.slot).map { account in
                    Observation(
                        assignment: assignment,
                        account: account,
                        counts: state.ledger.counts(of: assignment.slot),
                        connections: loads.load(of: assignment.slot),
                        isLeaving: isLeaving
                    )
                }
            }
            return (endpoints, state.wanted.indices.map { state.ledger.unnamedBefore($0) })
        }
        return (endpoints.sorted { $0.assignment.identity < $1.assignment.identity }, unnamedBefore)
    }

    // MARK: Under the lock

    /// Returns how many endpoints found no slot.
    private func publish(_ state: inout State) -> Int {
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
            return endpoints.compactMap { endpoint in
                let key = Key(service: service, address: endpoint.address)
                guard let assignment = assign(endpoint, to: key, &state) else {
                    unplaced += 1
                    return nil
                }
                live[key] = assignment
                return EndpointSnapshot.Row(
                    slot: assignment.slot,
                    address: endpoint.address,
                    identity: assignment.identity
                )
            }
        }
        for (key, assignment) in state.live where live[key] == nil {
            state.leaving[key] = (assignment, state.version)
            state.ledger.leave(assignment.slot)
        }
        state.live = live
        state.lacksSlots = unplaced > 0
        publication.publish(EndpointSnapshot(version: state.version, services: rows, revisions: state.revisions))
        return unplaced
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
        let assignment = Assignment(endpoint: endpoint, service: key.service, slot: slot, identity: state.nextIdentity)
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
            state.ledger.close(entry.assignment.slot)
            forgetLater(entry.assignment.identity, &state)
        }
    }

    private func forgetLater(_ identity: UInt64, _ state: inout State) {
        state.formerIdentities.append(identity)
        if state.formerIdentities.count > Self.keptNames {
            state.names[state.formerIdentities.removeFirst()] = nil
        }
    }
}
