/// How long connects of one service have taken of late, in buckets a quarter of a doubling wide.
struct ConnectTimes: BitwiseCopyable {
    /// So many are known before a delay is taken from them.
    static let fewest: UInt32 = 16
    /// At so many all counts are halved: what is past counts less and less.
    static let most: UInt32 = 1_024
    /// Before enough is known.
    static let unknownDelay: UInt64 = 100_000_000
    /// Shorter ones would hedge against our own scheduling, and each needless spare is a connection that its endpoint
    /// sees reset.
    static let shortestDelay: UInt64 = 5_000_000

    /// The upper end of bucket n is 16 µs · 2^(n/4).
    private var counts: InlineArray<72, UInt32> = InlineArray(repeating: 0)
    private var total: UInt32 = 0
    /// How long a connect may take before a spare is started, in nanoseconds: twice what 95 of 100 have taken.
    private(set) var spareDelay = ConnectTimes.unknownDelay

    mutating func add(microseconds: UInt32) {
        counts[Self.bucket(microseconds)] &+= 1
        total &+= 1
        if total >= Self.most { halve() }
        if total >= Self.fewest, total % 16 == 0 { spareDelay = max(Self.shortestDelay, 2 * percentile95()) }
    }

    private static func bucket(_ microseconds: UInt32) -> Int {
        let sixteenths = max(microseconds >> 4, 1)
        let octave = 31 - sixteenths.leadingZeroBitCount
        let quarter =
            octave >= 2 ? Int(sixteenths >> UInt32(octave - 2)) & 3 : Int(sixteenths << UInt32(2 - octave)) & 3
        return min(octave * 4 + quarter, 71)
    }

    /// The upper end of a bucket, in nanoseconds.
    private static func end(of bucket: Int) -> UInt64 {
        UInt64(16_000 * (5 + bucket % 4) / 4) << UInt64(bucket / 4)
    }

    private func percentile95() -> UInt64 {
        var left = total - total / 20
        for bucket in 0..<72 {
            if counts[bucket] >= left { return Self.end(of: bucket) }
            left -= counts[bucket]
        }
        return Self.end(of: 71)
    }

    private mutating func halve() {
        total = 0
        for bucket in 0..<72 {
            counts[bucket] /= 2
            total += counts[bucket]
        }
    }
}
