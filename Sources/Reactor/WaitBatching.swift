/// How many completions a busy ring waits for: under load one wake-up for many costs less than one for each.
///
/// Waiting for more than one is worth it only with hundreds of active connections, where the others' results come in
/// meanwhile: with few, it is they that would wait. Used by one thread.
struct WaitBatching {
    /// Completions a turn, on average, from which on a turn waits for more than one.
    static let threshold = 64
    /// How long the rest may keep the first waiting, in microseconds: what a wake-up costs, about.
    static let patience: UInt32 = 20
    /// The average moves by a part in this many with each turn.
    private static let memory = 8

    /// The average of the last turns, times ``memory``.
    private var sum = 0

    /// A turn has brought so many.
    @inline(__always)
    mutating func record(_ completions: Int) { sum += completions - sum / Self.memory }

    /// What the next turn is to wait for: half of what turns bring, or 1.
    var target: UInt32 {
        let average = sum / Self.memory
        return average < Self.threshold ? 1 : UInt32(truncatingIfNeeded: average / 2)
    }
}
