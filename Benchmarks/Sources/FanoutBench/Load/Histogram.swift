/// Latencies in nanoseconds in buckets of 1/32 of their size: constant memory, 3 % error.
struct Histogram {
    /// The shares at which a latency curve is drawn.
    static let curve: [Double] = [
        0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.9975, 0.999, 0.9995, 0.9999,
    ]
    private static let subBits = 5
    private static let subBuckets = 1 << subBits

    private var counts = [UInt64](repeating: 0, count: 64 * subBuckets)
    private var total: UInt64 = 0

    var isEmpty: Bool { total == 0 }

    mutating func add(_ nanoseconds: UInt64) {
        counts[Self.bucket(nanoseconds)] += 1
        total += 1
    }

    mutating func removeAll() {
        self = Histogram()
    }

    /// The upper border, in microseconds, of the bucket that holds the given share (0 to 1); 0 when empty.
    func microseconds(at share: Double) -> Double {
        let wanted = UInt64((Double(total) * share).rounded(.up))
        var seen: UInt64 = 0
        for (index, count) in counts.enumerated() where count > 0 {
            seen += count
            if seen >= wanted { return Double(Self.upperBorder(index)) / 1e3 }
        }
        return 0
    }

    private static func bucket(_ value: UInt64) -> Int {
        guard value >= UInt64(subBuckets) else { return Int(value) }
        let exponent = UInt64.bitWidth - 1 - value.leadingZeroBitCount
        let shift = exponent - subBits
        return (shift + 1) * subBuckets + Int((value >> UInt64(shift)) & UInt64(subBuckets - 1))
    }

    private static func upperBorder(_ index: Int) -> UInt64 {
        guard index >= subBuckets else { return UInt64(index) }
        let shift = UInt64(index / subBuckets - 1)
        return (UInt64(subBuckets + index % subBuckets) + 1) << shift
    }
}
