/// What a person can press.
enum Key: Equatable, Sendable {
    case character(UInt8)
    case up
    case down
    case left
    case right
    case pageUp
    case pageDown
    case home
    case end
    case tab
    case backTab
}

/// Reads keys out of what a terminal sends; an escape sequence may come in pieces.
struct KeyParser {
    private var pending: [UInt8] = []

    /// The longest sequence that is waited for; more is no key of ours.
    private static let longestSequence = 16

    mutating func keys(in bytes: some Sequence<UInt8>) -> [Key] {
        pending += bytes
        var keys: [Key] = []
        while let first = pending.first {
            guard first == 0x1b else {
                pending.removeFirst()
                keys.append(first == 0x09 ? .tab : .character(first))
                continue
            }
            guard let length = Self.sequenceLength(pending) else {
                if pending.count > Self.longestSequence { pending.removeAll() }
                break
            }
            if let key = Self.key(of: Array(pending.prefix(length))) { keys.append(key) }
            pending.removeFirst(length)
        }
        return keys
    }

    /// `ESC [` with parameters up to a final byte, `ESC O` with one byte, or `ESC` before anything else; nil if not all
    /// is there (ECMA-48, 5.4).
    private static func sequenceLength(_ bytes: [UInt8]) -> Int? {
        guard bytes.count > 1 else { return nil }
        switch bytes[1] {
        case UInt8(ascii: "O"): return bytes.count > 2 ? 3 : nil
        case UInt8(ascii: "["): return bytes.dropFirst(2).firstIndex { (0x40...0x7e).contains($0) }.map { $0 + 1 }
        case _: return 1
        }
    }

    private static func key(of sequence: [UInt8]) -> Key? {
        switch String(decoding: sequence.dropFirst(2), as: UTF8.self) {
        case "A": .up
        case "B": .down
        case "C": .right
        case "D": .left
        case "H", "1~", "7~": .home
        case "F", "4~", "8~": .end
        case "5~": .pageUp
        case "6~": .pageDown
        case "Z": .backTab
        case _: nil
        }
    }
}
