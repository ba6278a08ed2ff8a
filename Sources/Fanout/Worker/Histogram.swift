/// How long things took: a count for each range of times, and their sum, within a ``CounterRow``.
///
/// Times are microseconds. To count one is a few comparisons and two additions, without allocation.
struct Histogram {
    /// Ranges that end at a ``bound(_:)``; one more holds what is beyond.
    static var bounded: Int { 26 }
    /// Numbers that a histogram takes: its ranges, and the sum.
    static var numbers: Int { bounded + 2 }

    private let row: CounterRow
    private let first: Int

    @inline(__always)
    init(in row: CounterRow, at first: Int) {
        self.row = row
        self.first = first
    }

    /// The greatest time of a range. A switch, because an array would be memory with an owner.
    static func bound(_ range: Int) -> UInt64 {
        switch range {
        case 0: 10
        case 1: 25
        case 2: 50
        case 3: 100
        case 4: 250
        case 5: 500
        case 6: 1_000
        case 7: 2_500
        case 8: 5_000
        case 9: 10_000
        case 10: 25_000
        case 11: 50_000
        case 12: 100_000
        case 13: 250_000
        case 14: 500_000
        case 15: 1_000_000
        case 16: 2_500_000
        case 17: 5_000_000
        case 18: 10_000_000
        case 19: 30_000_000
        case 20: 60_000_000
        case 21: 300_000_000
        case 22: 1_800_000_000
        case 23: 3_600_000_000
        case 24: 21_600_000_000
        case 25: 86_400_000_000
        case _: .max
        }
    }

    /// The writer of the row alone.
    func count(_ microseconds: UInt64) {
        var range = 0
        while range < Self.bounded && microseconds > Self.bound(range) { range += 1 }
        row.add(first + range, 1)
        row.add(first + Self.bounded + 1, microseconds)
    }

    /// Any thread. The sum may be a moment ahead of the counts, or behind.
    var reading: HistogramReading {
        HistogramReading(
            counts: (0...Self.bounded).map { row[first + $0] },
            sum: row[first + Self.bounded + 1]
        )
    }
}

/// Histograms as they were at one moment, perhaps of several writers together.
struct HistogramReading: Equatable, Sendable {
    /// For each range, the one beyond the last bound included.
    private(set) var counts: [UInt64]
    /// Microseconds.
    private(set) var sum: UInt64

    static let empty = HistogramReading(counts: Array(repeating: 0, count: Histogram.bounded + 1), sum: 0)

    init(counts: [UInt64], sum: UInt64) {
        self.counts = counts
        self.sum = sum
    }

    var count: UInt64 { counts.reduce(0, &+) }

    mutating func add(_ other: HistogramReading) {
        for range in counts.indices { counts[range] &+= other.counts[range] }
        sum &+= other.sum
    }

    /// The time in microseconds that a share of all times does not exceed, as Prometheus estimates it: within its range,
    /// times are taken to lie evenly. Nil without any; the last bound for what is beyond it.
    func quantile(_ share: Double) -> Double? {
        let rank = Double(count) * share
        guard rank > 0 else { return nil }
        var below: UInt64 = 0
        for range in 0..<Histogram.bounded {
            let reached = below &+ counts[range]
            if Double(reached) >= rank {
                let start = range == 0 ? 0 : Double(Histogram.bound(range - 1))
                let part = (rank - Double(below)) / Double(counts[range])
                return start + (Double(Histogram.bound(range)) - start) * part
            }
            below = reached
        }
        return Double(Histogram.bound(Histogram.bounded - 1))
    }
}
