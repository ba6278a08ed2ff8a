import Reactor

/// How long to wait after the nth failure in a row: exponential, bounded, and spread so that a thousand sidecars
/// that lost their agents together do not come back together.
enum RetryBackoff {
    static let first = Duration.milliseconds(250)
    static let longest = Duration.seconds(30)
    /// While the agent's socket or the token file is missing: they come at a moment worth catching, and looking
    /// costs nobody else anything.
    static let longestLocally = Duration.seconds(1)
    /// After 429.
    static let shortestWhenThrottled = Duration.seconds(5)
    /// After an answer that says that the request itself is wrong.
    static let rejected = Duration.seconds(60)

    /// `min(cap, first * 2^(count-1))` times a random factor from 0.5 to 1; `count` from 1.
    static func delay(
        afterFailures count: Int,
        cap: Duration = longest,
        using random: inout some RandomNumberGenerator
    ) -> Duration {
        // 2^7 * 250 ms is beyond the cap; a larger shift would only risk overflow.
        let doublings = min(max(count, 1) - 1, 7)
        // 53 bits are what a Double holds; drawn once, so that no generator can make this loop.
        let share = Double(random.next() >> 11) / Double((1 << 53) - 1)
        return min(cap, first * (1 << doublings)) * (0.5 + share / 2)
    }
}

/// A token bucket that slows a server's needless answers without delaying the first ones.
struct AnswerAllowance {
    static let burst = 10.0
    static let perSecond = 2.0

    private var tokens = burst
    private var refilled: Deadline?

    /// Takes one token; the result is how long to wait until it is really there, zero within the burst.
    mutating func take(at now: Deadline) -> Duration {
        if let refilled { tokens = min(Self.burst, tokens + Double(now.since(refilled)) / 1e9 * Self.perSecond) }
        refilled = now
        // A wait that was cut short must not pile up debt.
        tokens = max(tokens - 1, -1)
        return tokens >= 0 ? .zero : .seconds(-tokens / Self.perSecond)
    }
}
