/// Changes that know nothing of what the bytes mean.
public enum ByteMutator {
    /// Bytes at which readers change their minds.
    private static let interesting: [UInt8] = [
        0, 9, 10, 13, 0x20, 0x22, 0x2B, 0x2C, 0x2D, 0x2F, 0x30, 0x39, 0x3A, 0x3B, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0x7F,
        0x80,
        0xC0, 0xED, 0xF4, 0xFE, 0xFF,
    ]

    /// One small change somewhere in `range`, or in all of it.
    public static func mutate(_ bytes: inout [UInt8], in range: Range<Int>? = nil, using random: inout SeededRandom) {
        let range = (range ?? 0..<bytes.count).clamped(to: 0..<bytes.count)
        guard !range.isEmpty else {
            bytes.insert(random.pick(interesting), at: range.lowerBound)
            return
        }
        let place = range.lowerBound + random.below(range.count)
        let part = place..<min(range.upperBound, place + random.size(upTo: 64))
        switch random.below(8) {
        case 0, 1: bytes[place] ^= 1 << UInt8(random.below(8))
        case 2: bytes[place] = random.pick(interesting)
        case 3: bytes[place] = random.byte()
        case 4: bytes.insert(contentsOf: (0..<random.size(upTo: 16)).map { _ in random.pick(interesting) }, at: place)
        case 5: bytes.removeSubrange(part)
        case 6: bytes.insert(contentsOf: Array(bytes[part]), at: range.lowerBound + random.below(range.count))
        case _:
            let other = range.lowerBound + random.below(range.count)
            bytes.swapAt(place, other)
        }
    }

    /// The beginning alone.
    public static func truncate(_ bytes: inout [UInt8], using random: inout SeededRandom) {
        bytes.removeLast(bytes.count - random.below(bytes.count + 1))
    }

    /// The beginning of one and the end of another.
    public static func splice(_ first: [UInt8], _ second: [UInt8], using random: inout SeededRandom) -> [UInt8] {
        Array(first.prefix(random.below(first.count + 1))) + Array(second.suffix(random.below(second.count + 1)))
    }
}
