import Reactor

/// Decides what an answer of the Nomad API means for one service: publish, ignore, ask again, or wait.
///
/// Pure: it gets the time and the random source, and knows neither network nor clock. Its promise: a snapshot is
/// replaced only by a complete answer of a server whose state is not older than what was seen before; it is never
/// emptied by a failure; a query follows every answer.
struct DiscoveryPolicy {
    /// What to ask next.
    struct Query: Equatable, Sendable {
        /// Blocks until the catalogue's index exceeds this, nil to be answered at once.
        let index: UInt64?
        /// Whether the leader alone may answer.
        let consistent: Bool
    }

    /// A well-formed answer with status 200.
    struct Answer: Equatable, Sendable {
        let index: UInt64?
        let indexText: String
        let knownLeader: Bool
        let registrations: UsableRegistrations
    }

    /// What became of an answer.
    enum Verdict: Equatable, Sendable {
        /// The set of registrations changed, or this is the first.
        case changed([ServiceRegistration])
        case unchanged
        /// Not applied: a consistent read must confirm it first.
        case withheld(Doubt)
        case failed(DiscoveryFailure)
    }

    /// Why an answer is not applied as it is.
    enum Doubt: String, CaseIterable, Sendable {
        /// The catalogue was restored, or a follower lags.
        case indexWentBack = "index_went_back"
        /// Registrations are gone, says a server without a leader.
        case leaderless
        /// All registrations are gone.
        case emptied
    }

    struct Step: Equatable, Sendable {
        let verdict: Verdict
        /// How long to wait before the next query.
        let pause: Duration
    }

    /// Whether followers may answer ordinary reads.
    let allowsStale: Bool
    /// What was published last, nil before the first answer.
    private(set) var snapshot: [ServiceRegistration]?
    /// The index of the last applied answer, 0 before it.
    private(set) var index: UInt64 = 0
    /// Failures since the last well-formed answer.
    private(set) var failures = 0

    /// The failures that count for back-off: looking for a socket or token that is
    /// not there yet must not slow the first queries.
    private var strikes = 0
    private var hasTriedFreshToken = false
    private var mustBeConsistent = false
    private var mustNotBlock = false
    private var doubts = 0
    private var emptyIndex: UInt64?
    private var allowance = AnswerAllowance()

    init(allowsStale: Bool) { self.allowsStale = allowsStale }

    /// The next query.
    ///
    /// After a failure it does not block: recovery shows at once instead of at the next change.
    var query: Query {
        let blocks = index > 0 && !mustBeConsistent && !mustNotBlock && failures == 0
        return Query(index: blocks ? index : nil, consistent: mustBeConsistent || !allowsStale)
    }

    /// Makes the next query one that is answered at once; answers older than the last one stay refused.
    mutating func refresh() { mustNotBlock = true }

    /// Judges an answer.
    mutating func receive(
        _ answer: Answer,
        at now: Deadline,
        using random: inout some RandomNumberGenerator
    ) -> Step {
        guard let fresh = answer.index, fresh > 0 else {
            return fail(.invalidIndex(answer.indexText), using: &random)
        }
        failures = 0
        strikes = 0
        hasTriedFreshToken = false
        mustNotBlock = false
        guard fresh >= index else { return withhold(.indexWentBack, using: &random) }
        let rows = answer.registrations.rows
        if let snapshot, !snapshot.isEmpty {
            if !answer.knownLeader, Self.removes(rows, from: snapshot) { return withhold(.leaderless, using: &random) }
            if rows.isEmpty, !confirmsEmpty(at: fresh) { return withhold(.emptied, using: &random) }
        }
        index = fresh
        mustBeConsistent = false
        doubts = 0
        emptyIndex = nil
        guard rows != snapshot else { return Step(verdict: .unchanged, pause: allowance.take(at: now)) }
        snapshot = rows
        return Step(verdict: .changed(rows), pause: .zero)
    }

    /// Notes a failure; `tokenChanged` says that a re-read after it yielded another token than the one that was sent.
    mutating func fail(
        _ failure: DiscoveryFailure,
        tokenChanged: Bool = false,
        using random: inout some RandomNumberGenerator
    ) -> Step {
        failures = min(failures + 1, Int(Int32.max))
        let pause: Duration
        switch failure {
        case .abandoned:
            pause = .zero
        case .refused where tokenChanged && !hasTriedFreshToken:
            hasTriedFreshToken = true
            pause = .zero
        case .unreachable(_, agentAbsent: true), .noToken:
            pause = backoff(failures, cap: RetryBackoff.longestLocally, using: &random)
        case .throttled:
            pause = max(RetryBackoff.shortestWhenThrottled, strike(using: &random))
        case .rejected:
            pause = RetryBackoff.rejected
        case .unreachable, .timedOut, .brokenConnection, .oversizedBody, .invalidBody, .invalidIndex, .refused,
            .unavailable:
            pause = strike(using: &random)
        }
        return Step(verdict: .failed(failure), pause: pause)
    }

    /// Drops the index and asks the leader: at once the first time, then with back-off.
    private mutating func withhold(_ doubt: Doubt, using random: inout some RandomNumberGenerator) -> Step {
        index = 0
        mustBeConsistent = true
        doubts = min(doubts + 1, Int(Int32.max))
        return Step(verdict: .withheld(doubt), pause: doubts == 1 ? .zero : backoff(doubts - 1, using: &random))
    }

    /// Whether this empty answer is the consistent read after another one that was not newer.
    private mutating func confirmsEmpty(at fresh: UInt64) -> Bool {
        defer { emptyIndex = fresh }
        guard let emptyIndex, mustBeConsistent else { return false }
        return fresh >= emptyIndex
    }

    /// Whether a place of `old` is missing in `new`.
    private static func removes(_ new: [ServiceRegistration], from old: [ServiceRegistration]) -> Bool {
        let places = Set(new.map { "\($0.address) \($0.port)" })
        return old.contains { !places.contains("\($0.address) \($0.port)") }
    }

    private mutating func strike(using random: inout some RandomNumberGenerator) -> Duration {
        strikes = min(strikes + 1, Int(Int32.max))
        return backoff(strikes, using: &random)
    }

    private func backoff(
        _ count: Int,
        cap: Duration = RetryBackoff.longest,
        using random: inout some RandomNumberGenerator
    ) -> Duration {
        RetryBackoff.delay(afterFailures: count, cap: cap, using: &random)
    }
}
