/// Which endpoint has which slot, also after it has left, until nobody uses the slot any more; and the names that
/// endpoints go by in the log.
///
/// Not synchronised: the registry calls it under its lock.
struct SlotBook {
    /// Slots for endpoints of all services, those included that have left but still have sessions.
    static let capacity = 32_768
    /// Names of endpoints that have left, kept for log lines that come later.
    static let keptNames = 4_096

    private(set) var live: [EndpointKey: EndpointAssignment] = [:]
    /// Assignments out of use, with the first version that does not hold them.
    private(set) var leaving: [EndpointKey: (assignment: EndpointAssignment, since: UInt64)] = [:]
    var ledger: EndpointLedger
    /// What metrics call each service; empty if each has a name of its own.
    private let labels: [String]
    private var freeSlots: [UInt32] = []
    private var nextSlot: UInt32 = 0
    private var names: [UInt64: EndpointAssignment] = [:]
    private var formerIdentities: [UInt64] = []
    private var nextIdentity: UInt64 = 1

    init(ledger: EndpointLedger, labels: [String]) {
        self.ledger = ledger
        self.labels = labels
    }

    /// Whether a slot was given back.
    var hasFreeSlots: Bool { !freeSlots.isEmpty }

    /// The endpoint that an identity belongs or belonged to.
    func assignment(of identity: UInt64) -> EndpointAssignment? { names[identity] }

    /// The slot that the endpoint has already, also when it was just leaving, or a free one; nil if there is none.
    ///
    /// - Returns: also whether the endpoint has just come to it.
    mutating func assign(_ endpoint: Endpoint, service: Int) -> (assignment: EndpointAssignment, isNew: Bool)? {
        let key = EndpointKey(service: service, address: endpoint.address)
        let known = live[key]
        if let known, known.endpoint == endpoint { return (known, false) }
        guard let slot = known?.slot ?? enter(key) else { return nil }
        let assignment = EndpointAssignment(
            endpoint: endpoint,
            service: service,
            slot: slot,
            identity: nextIdentity,
            traits: endpoint.traits
        )
        nextIdentity += 1
        names[assignment.identity] = assignment
        if let known { forgetLater(known.identity) }
        return (assignment, known == nil)
    }

    private mutating func enter(_ key: EndpointKey) -> UInt32? {
        let slot: UInt32
        if let former = leaving.removeValue(forKey: key)?.assignment {
            forgetLater(former.identity)
            slot = former.slot
        } else if let free = freeSlots.popLast() {
            slot = free
        } else if nextSlot < UInt32(Self.capacity) {
            slot = nextSlot
            nextSlot += 1
        } else {
            return nil
        }
        ledger.enter(slot, service: key.service)
        return slot
    }

    /// These are the endpoints that snapshots hold from `version` on.
    ///
    /// - Returns: those that have left with it.
    mutating func publish(_ assignments: [EndpointKey: EndpointAssignment], version: UInt64) -> [EndpointAssignment] {
        let departed = live.filter { assignments[$0.key] == nil }
        for (key, assignment) in departed {
            leaving[key] = (assignment, version)
            ledger.leave(assignment.slot)
        }
        live = assignments
        return Array(departed.values)
    }

    /// A slot is free when no live snapshot holds it and no session counts on it, looked at in that order: nobody
    /// can choose it any more once the first is true, so the second stays true.
    ///
    /// - Parameter oldest: the oldest version that anybody may still read.
    mutating func collect(oldest: UInt64, loads: LoadTable) {
        for (key, entry) in leaving where entry.since <= oldest && loads.load(of: entry.assignment.slot) == 0 {
            leaving[key] = nil
            freeSlots.append(entry.assignment.slot)
            ledger.close(entry.assignment.slot, heir: heir(of: key))
            forgetLater(entry.assignment.identity)
        }
    }

    /// The slot of the same endpoint under another service of the same label.
    private func heir(of key: EndpointKey) -> UInt32? {
        guard !labels.isEmpty else { return nil }
        for service in labels.indices where service != key.service && labels[service] == labels[key.service] {
            let other = EndpointKey(service: service, address: key.address)
            if let slot = (live[other] ?? leaving[other]?.assignment)?.slot { return slot }
        }
        return nil
    }

    private mutating func forgetLater(_ identity: UInt64) {
        formerIdentities.append(identity)
        if formerIdentities.count > Self.keptNames {
            names[formerIdentities.removeFirst()] = nil
        }
    }
}
