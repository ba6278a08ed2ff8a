import Reactor

/// How long a worker's sessions last, as a decaying average: where they are short, it does not pay to move them.
struct Lifetimes {
    /// Sessions of less are short, in nanoseconds.
    static let short: UInt64 = 1_000_000_000
    /// An average that no session has changed for so long says nothing of the next one: a health check now and then
    /// must not decide for the connections of a pool.
    static let memory: UInt64 = 1_000_000_000
    /// The weight of one session is a part in so many.
    private static let decay: UInt64 = 8

    private var average: UInt64 = 0
    private var lastEnd: Deadline?

    mutating func note(_ lifetime: UInt64, at now: Deadline) {
        average = isKnown(at: now) ? average - average / Self.decay + lifetime / Self.decay : lifetime
        lastEnd = now
    }

    private func isKnown(at now: Deadline) -> Bool {
        guard let lastEnd else { return false }
        return now.since(lastEnd) < Self.memory
    }

    func areShort(at now: Deadline) -> Bool { isKnown(at: now) && average < Self.short }
}
