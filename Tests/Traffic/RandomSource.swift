/// SplitMix64: small, seedable, the same on every machine, so that one seed replays a run's decisions.
struct RandomSource {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state)
    }

    static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Uniform in 0 ..< bound; bound is at least 1.
    mutating func below(_ bound: Int) -> Int {
        Int(next() % UInt64(bound))
    }

    /// True with probability `share` (0 to 1).
    mutating func chance(_ share: Double) -> Bool {
        Double(next() >> 11) < share * Double(1 << 53)
    }

    /// A size of 1 ... maximum with the same weight for each power of two: mostly small, with a heavy tail.
    mutating func size(upTo maximum: Int) -> Int {
        guard maximum > 1 else { return maximum }
        let bits = below(Int.bitWidth - maximum.leadingZeroBitCount) + 1
        return min(maximum, 1 + below(1 << bits))
    }
}
