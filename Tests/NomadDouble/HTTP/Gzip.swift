/// Just enough gzip for the TCP door: literals in the fixed Huffman code, which for tiny bodies is what Go writes too.
enum Gzip {
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

    static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var bits = BitWriter()
        bits.write(0, count: 1)  // not the last block
        bits.write(1, count: 2)  // fixed Huffman codes, RFC 1951 section 3.2.6
        for byte in bytes {
            if byte < 144 {
                bits.writeReversed(0x30 + UInt32(byte), count: 8)
            } else {
                bits.writeReversed(0x190 + UInt32(byte) - 144, count: 9)
            }
        }
        bits.writeReversed(0, count: 7)  // end of block
        bits.write(1, count: 3)  // Go's writer closes with an empty stored block
        bits.align()
        return header + bits.bytes + [0, 0, 0xFF, 0xFF]
            + littleEndian(checksum(bytes)) + littleEndian(UInt32(truncatingIfNeeded: bytes.count))
    }

    private static func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static let checksumTable: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ (value >> 1) : value >> 1 }
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0) { checksumTable[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ ($0 >> 8) }
    }

    private struct BitWriter {
        var bytes: [UInt8] = []
        private var current: UInt32 = 0
        private var used = 0

        mutating func write(_ value: UInt32, count: Int) {
            for bit in 0..<count {
                current |= ((value >> bit) & 1) << used
                used += 1
                if used == 8 { align() }
            }
        }

        /// Huffman codes go most significant bit first.
        mutating func writeReversed(_ value: UInt32, count: Int) {
            for bit in (0..<count).reversed() { write(value >> bit, count: 1) }
        }

        mutating func align() {
            guard used > 0 else { return }
            bytes.append(UInt8(truncatingIfNeeded: current))
            current = 0
            used = 0
        }
    }
}
