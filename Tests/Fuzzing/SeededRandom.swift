/// The same numbers for the same seed on every machine: SplitMix64 (Steele, Lea, Flood, "Fast Splittable
/// Pseudorandom Number Generators", 2014). Neighbouring seeds give unrelated numbers.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// From 0 up to but not including `bound`, which is at least 1.
    public mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    public mutating func chance(oneIn count: Int) -> Bool { below(count) == 0 }

    /// One of `choices`, which are not empty.
    public mutating func pick<Choices: RandomAccessCollection>(_ choices: Choices) -> Choices.Element {
        choices[choices.index(choices.startIndex, offsetBy: below(choices.count))]
    }

    /// From 1 to `most`, small ones as likely as large ones.
    public mutating func size(upTo most: Int) -> Int {
        guard most > 1 else { return 1 }
        return 1 + below(min(most, 1 << (1 + below(Int.bitWidth - most.leadingZeroBitCount))))
    }

    public mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
}
