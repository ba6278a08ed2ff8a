/// When what is to begin at a constant rate should: the times that have come, the oldest first.
///
/// Latency counts from those times, so what a peer holds up is charged for all that comes meanwhile.
struct Pace {
    private let interval: UInt64
    private var next: UInt64

    /// - Parameter rate: a second.
    init(rate: Double, from time: UInt64) {
        interval = UInt64(1e9 / rate)
        next = time
    }

    /// The oldest time that has come and was not taken yet.
    mutating func take(at time: UInt64) -> UInt64? {
        guard next <= time else { return nil }
        defer { next += interval }
        return next
    }
}
