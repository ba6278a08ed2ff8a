import Glibc
import Reactor

/// How fit one endpoint is, told from what came of the connects and sessions of all workers: the one place where that
/// state changes.
///
/// | state | traffic | leaves to |
/// | --- | --- | --- |
/// | new | a share that grows over the slow start | ready at its end; ejected |
/// | ready | all | suspect, ejected |
/// | suspect | a sixteenth | ready when its failures are past; ejected |
/// | ejected | none, while others are left | trial when its time is over |
/// | trial | one connection | new when that goes well; ejected, for longer, when not |
///
/// Good and bad outcomes are counted with a half-life, so that what is past counts less and less. Pure: time and chance
/// are given. Draining and leaving come from the catalogue, not from here.
struct EndpointHealth: Sendable {
    enum State: Equatable, Sendable {
        /// - begin: when it was first seen, or came back.
        case new(begin: Deadline)
        case ready
        case suspect
        case ejected(until: Deadline)
        case trial(since: Deadline)
    }

    /// After so many seconds an outcome counts half.
    static let halfLife = 10.0
    /// So many bad outcomes, and no fewer than good ones, eject, or so many in a row; after a return the first one does.
    static let badToEject = 3.0
    /// Below that many, failures are past.
    static let badToForget = 0.5
    /// One bad outcome among so many good ones is chance.
    static let goodForEachBad = 9.0
    static let firstEjection: UInt64 = 1_000_000_000
    static let longestEjection: UInt64 = 60_000_000_000
    /// Of one that has served for so long since it came back, the next ejection is short again.
    static let forgiveness: UInt64 = 60_000_000_000
    /// A trial that nobody tells the end of is offered again.
    static let trialPatience: UInt64 = 5_000_000_000
    /// Outcomes that come sooner after an ejection belong to what led to it.
    static let lateNews: UInt64 = 100_000_000
    static let slowStartSteps: UInt64 = 10
    /// Of its weight, while suspect.
    static let suspectShare = 1.0 / 16

    private(set) var state: State
    private(set) var since: Deadline
    /// Why it is in this state, for people; empty for none.
    private(set) var reason = ""
    /// In its whole life.
    private(set) var ejections: UInt64 = 0
    /// In a row; decides how long the next one lasts.
    private(set) var severity = 0
    private var isBackSince = Deadline(nanoseconds: 0)
    private var good = 0.0
    private var bad = 0.0
    /// Bad outcomes since the last good one: of an endpoint with little traffic the others are past too soon.
    private var row = 0.0
    private var updated: Deadline
    private let slowStart: UInt64

    /// - Parameters:
    ///   - slowStart: nanoseconds; 0 for none.
    ///   - isKnownGood: whether it starts as if it had been there for long.
    init(slowStart: UInt64, isKnownGood: Bool, at now: Deadline) {
        self.slowStart = slowStart
        state = isKnownGood || slowStart == 0 ? .ready : .new(begin: now)
        since = now
        updated = now
    }

    /// Of its weight: 1 for one that gets its full share of the traffic, 0 for one that gets none.
    func share(at now: Deadline) -> Double {
        switch state {
        case .new(let begin):
            // In steps, so that the shares change ten times and not with each look.
            Double(1 + now.since(begin) * Self.slowStartSteps / max(1, slowStart)) / Double(Self.slowStartSteps + 1)
        case .ready: 1
        case .suspect: Self.suspectShare
        case .ejected, .trial: 0
        }
    }

    var isOut: Bool {
        switch state {
        case .ejected, .trial: true
        case .new, .ready, .suspect: false
        }
    }

    var isOnTrial: Bool {
        if case .trial = state { return true }
        return false
    }

    /// When the passing of time alone changes something next.
    func nextChange(after now: Deadline) -> Deadline {
        switch state {
        case .new(let begin):
            let step = max(1, slowStart / Self.slowStartSteps)
            return begin.advanced(by: (now.since(begin) / step + 1) * step)
        case .ready: return .never
        case .suspect:
            let seconds = Self.halfLife * log2(max(bad, Self.badToForget) / Self.badToForget)
            return updated.advanced(by: UInt64(seconds * 1e9) + 1_000_000)
        case .ejected(let until): return until
        case .trial(let since): return since.advanced(by: Self.trialPatience)
        }
    }

    /// What time alone brings about.
    mutating func advance(to now: Deadline) {
        decay(to: now)
        switch state {
        case .new(let begin):
            if now.since(begin) >= slowStart { enter(.ready, "", now) }
        case .ready:
            break
        case .suspect:
            if bad <= Self.badToForget { enter(.ready, "", now) }
        case .ejected(let until):
            if until <= now { enter(.trial(since: now), "one connection is let through after: \(reason)", now) }
        case .trial(let since):
            if now.since(since) >= Self.trialPatience { state = .trial(since: now) }
        }
    }

    /// Takes account of what came of connects and sessions since the last time.
    ///
    /// - Parameter isTrialLeft: on trial, whether the one connection was not made yet.
    mutating func note(
        _ outcomes: Outcomes,
        isTrialLeft: Bool = false,
        at now: Deadline,
        using random: inout some RandomNumberGenerator
    ) {
        decay(to: now)
        let failures = Outcome.allCases.filter { $0.isBad && outcomes[$0] > 0 }
        let fresh = failures.reduce(0.0) { $0 + Double(outcomes[$1]) }
        // What ended early had been counted as connected, perhaps in the look before this one.
        let early = Double(outcomes[.resetEarly]) + Double(outcomes[.closedEarly])
        let connected = Double(outcomes[.connected])
        guard fresh > 0 || connected > 0 else { return }
        switch state {
        case .ejected:
            // It is used all the same where too few are left; otherwise this is late news of what began before.
            guard fresh == 0, now.since(since) > Self.lateNews else { return }
            enter(slowStart > 0 ? .new(begin: now) : .ready, "", now)
            good = connected
            return
        case .trial:
            // What fails while nobody makes the trial began before it.
            if fresh > 0 { return isTrialLeft ? () : eject(failures, outcomes, now, &random) }
            enter(slowStart > 0 ? .new(begin: now) : .ready, "", now)
            good = connected
            return
        case .new, .ready, .suspect:
            bad += fresh
            good = max(0, good + connected - early)
            row = connected > early ? fresh : row + fresh
        }
        // On probation after a return.
        let isOnProbation = severity > 0 && state != .ready && now.since(isBackSince) <= Self.forgiveness
        let limit = isOnProbation ? 1 : Self.badToEject
        if fresh > 0, max(bad, row) >= limit, max(bad, row) >= good {
            eject(failures, outcomes, now, &random)
        } else if state == .ready, bad > Self.badToForget, bad * Self.goodForEachBad >= good {
            enter(.suspect, "of late \(Self.text(failures, outcomes))", now)
        }
    }

    /// The result of an active check. A success brings an ejected endpoint to its trial at once.
    mutating func note(checkSucceeded: Bool, at now: Deadline, using random: inout some RandomNumberGenerator) {
        if checkSucceeded {
            row = 0
            if case .ejected = state { enter(.trial(since: now), "a check has succeeded after: \(reason)", now) }
        } else if !isOut {
            var outcomes = Outcomes()
            outcomes[.failed] = 1
            note(outcomes, at: now, using: &random)
        }
    }

    private mutating func eject(
        _ failures: [Outcome],
        _ outcomes: Outcomes,
        _ now: Deadline,
        _ random: inout some RandomNumberGenerator
    ) {
        severity = !isOut && now.since(isBackSince) > Self.forgiveness ? 1 : severity + 1
        ejections += 1
        let doublings = min(severity - 1, 10)
        let whole = min(Self.firstEjection << UInt64(doublings), Self.longestEjection)
        // Four fifths to six fifths of it: sidecars that were disappointed together do not come back together.
        let length = UInt64.random(in: whole / 5 * 4...whole / 5 * 6, using: &random)
        let text = Self.text(failures, outcomes)
        enter(.ejected(until: now.advanced(by: length)), text, now)
        good = 0
        bad = 0
        row = 0
    }

    private mutating func enter(_ next: State, _ why: String, _ now: Deadline) {
        let wasOut = isOut
        state = next
        if wasOut && !isOut { isBackSince = now }
        reason = why
        since = now
    }

    private mutating func decay(to now: Deadline) {
        let factor = exp2(-Double(now.since(updated)) / 1e9 / Self.halfLife)
        good *= factor
        bad *= factor
        updated = now
    }

    private static func text(_ failures: [Outcome], _ outcomes: Outcomes) -> String {
        failures.map { "\(outcomes[$0]) \($0.text)" }.joined(separator: ", ")
    }
}

extension EndpointHealth {
    /// The name of the state, the `state` label of the metrics.
    enum Name: String, CaseIterable, Sendable {
        case new
        case ready
        case suspect
        case ejected
        case draining
        case removed
    }

    /// A trial is the end of an ejection.
    var name: Name {
        switch state {
        case .new: .new
        case .ready: .ready
        case .suspect: .suspect
        case .ejected, .trial: .ejected
        }
    }

    /// When an ejected endpoint gets its trial.
    var returnsAt: Deadline? {
        if case .ejected(let until) = state { return until }
        return nil
    }
}

extension Outcome {
    fileprivate var text: String {
        switch self {
        case .connected: "connected"
        case .refused: "refused"
        case .timedOut: "timed out"
        case .unreachable: "unreachable"
        case .failed: "failed"
        case .resetEarly: "reset before the first byte"
        case .closedEarly: "closed at once without a byte"
        case .overtaken: "overtaken by a spare connect"
        }
    }
}
