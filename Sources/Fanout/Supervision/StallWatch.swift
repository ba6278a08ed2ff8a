import Reactor

/// Notices workers whose turn does not end: their connections stand still meanwhile, and nobody else would say so.
///
/// The supervisor's thread.
struct StallWatch {
    struct Stall: Equatable {
        let worker: Int
        let milliseconds: UInt64
    }

    /// How long a turn may last, in nanoseconds, and how often it is looked at.
    static let limit: UInt64 = 1_000_000_000

    /// For each worker the beginning of the turn that was told of.
    private var told: [UInt64]

    init(workers: Int) { told = Array(repeating: 0, count: workers) }

    /// Turns that have lasted too long and were not told of yet.
    mutating func look(at workers: [WorkerStatistics], now: Deadline) -> [Stall] {
        var stalls: [Stall] = []
        for (index, statistics) in workers.enumerated() {
            let since = statistics.awakeSince
            guard since > 0, told[index] != since else { continue }
            let lasted = now.since(Deadline(nanoseconds: since))
            guard lasted >= Self.limit else { continue }
            told[index] = since
            stalls.append(Stall(worker: index, milliseconds: lasted / 1_000_000))
        }
        return stalls
    }
}
