import Reactor

/// The health of every endpoint of the catalogue, and of those that have left and may come back.
///
/// Not synchronised: the registry calls it under its lock.
struct HealthRecords {
    /// How long the health of an endpoint that has left is remembered, should it come back, and of how many.
    static let longestMemory: UInt64 = 600_000_000_000
    static let mostRemembered = 4_096

    private struct Record {
        var health: EndpointHealth
        /// What was known of its slot's outcomes at the last look.
        var seen = Outcomes()
        /// As it was published: of its weight, and whether it is of the first tier.
        var share = 1.0
        var isPreferred = false
        /// Results of active checks since the last look.
        var checks: [Bool] = []
        /// When it left; nil while it is there.
        var leftAt: Deadline?
    }

    private var records: [EndpointKey: Record] = [:]
    private let outcomes: OutcomeTable
    private let slowStart: UInt64
    private let seed: UInt64
    /// When time alone changes the health of an endpoint.
    private(set) var nextLook = Deadline.never

    init(outcomes: OutcomeTable, policy: EndpointRegistry.Policy) {
        self.outcomes = outcomes
        slowStart = policy.slowStart
        seed = policy.seed
    }

    /// Nil where it has left and is forgotten.
    func health(of key: EndpointKey) -> EndpointHealth? { records[key]?.health }

    func isPreferred(_ key: EndpointKey) -> Bool { records[key]?.isPreferred ?? true }

    // MARK: Coming and going

    /// An endpoint that is new to us begins slowly; one that was here before is as it was.
    mutating func admit(_ key: EndpointKey, isKnownGood: Bool, at now: Deadline) {
        if records[key] == nil {
            records[key] = Record(health: EndpointHealth(slowStart: slowStart, isKnownGood: isKnownGood, at: now))
        }
        records[key]?.leftAt = nil
    }

    mutating func dismiss(_ key: EndpointKey, at now: Deadline) { records[key]?.leftAt = now }

    /// The endpoint gets a slot: what was counted there before belongs to another, or was looked at.
    mutating func settle(_ key: EndpointKey, in slot: UInt32) {
        outcomes.withdrawTrial(slot: slot)
        outcomes.forgetTimes(slot: slot)
        records[key]?.seen = outcomes.outcomes(of: slot)
    }

    /// - Parameter live: how many endpoints there are now.
    mutating func forget(live: Int, at now: Deadline) {
        guard records.count > live else { return }
        let isCrowded = records.count > live + Self.mostRemembered
        records = records.filter { _, record in
            guard let leftAt = record.leftAt else { return true }
            return !isCrowded && now.since(leftAt) < Self.longestMemory
        }
    }

    // MARK: Publication

    /// The part of its weight that an endpoint is to have now, of which a later look tells the difference.
    mutating func takeShare(of key: EndpointKey, at now: Deadline) -> Double {
        let share = records[key]?.health.share(at: now) ?? 1
        records[key]?.share = share
        return share
    }

    mutating func note(_ key: EndpointKey, isPreferred: Bool) { records[key]?.isPreferred = isPreferred }

    // MARK: Looking

    /// An endpoint whose state has changed.
    struct Transition: Sendable {
        let assignment: EndpointAssignment
        let health: EndpointHealth
        /// It was ejected once more.
        let isEjection: Bool
    }

    /// Looks at what came of connects and sessions since the last time, and of checks.
    ///
    /// - Returns: endpoints whose state has changed, and whether what is published no longer fits.
    mutating func look(at assignments: [EndpointAssignment], now: Deadline) -> (
        transitions: [Transition], isStale: Bool
    ) {
        var transitions: [Transition] = []
        var isStale = false
        for assignment in assignments {
            guard var record = records[assignment.key] else { continue }
            let before = record.health
            let found = outcomes.outcomes(of: assignment.slot)
            let isQuiet = before.state == .ready && record.share == 1 && record.checks.isEmpty
            if isQuiet && found == record.seen { continue }
            update(&record, with: found, of: assignment, at: now)
            records[assignment.key] = record
            isStale = isStale || record.health.share(at: now) != record.share
            guard record.health.state != before.state else { continue }
            if before.isOnTrial && record.health.isOnTrial {
                // Nobody came, or nothing was heard of it: once more.
                outcomes.offerTrial(slot: assignment.slot)
            } else {
                isStale = true
                let isEjection = record.health.ejections > before.ejections
                transitions.append(
                    Transition(assignment: assignment, health: record.health, isEjection: isEjection)
                )
            }
        }
        return (transitions, isStale)
    }

    private func update(
        _ record: inout Record,
        with found: Outcomes,
        of assignment: EndpointAssignment,
        at now: Deadline
    ) {
        // Of its own, so that the order of the endpoints does not matter.
        var random = SplitMix(seed: seed ^ SplitMix.mixed(assignment.identity &+ record.health.ejections))
        record.health.note(
            found.since(record.seen),
            isTrialLeft: outcomes.isTrialLeft(slot: assignment.slot),
            at: now,
            using: &random
        )
        record.seen = found
        for check in record.checks { record.health.note(checkSucceeded: check, at: now, using: &random) }
        record.checks.removeAll()
        record.health.advance(to: now)
    }

    /// What has changed is published: workers may try those on trial, and no others.
    func settleTrials(_ transitions: [Transition]) {
        for change in transitions {
            if change.health.isOnTrial {
                outcomes.offerTrial(slot: change.assignment.slot)
            } else {
                outcomes.withdrawTrial(slot: change.assignment.slot)
            }
        }
    }

    /// Takes down the result of an active check; the next look is due at once.
    mutating func note(check succeeded: Bool, of key: EndpointKey) {
        records[key]?.checks.append(succeeded)
        nextLook = Deadline(nanoseconds: 0)
    }

    mutating func planNextLook(after now: Deadline) {
        nextLook = records.values.reduce(.never) {
            $1.leftAt == nil ? min($0, $1.health.nextChange(after: now)) : $0
        }
    }
}
