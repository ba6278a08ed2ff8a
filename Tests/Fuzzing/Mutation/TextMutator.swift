/// Changes to short texts that people write: addresses, durations, names.
public struct TextMutator: Sendable {
    /// Separators, edges of integers, what terminals act on, and what looks like one character but is many.
    private static let insertions = [
        ":", "::", "=", ",", "@", "[", "]", "/", ".", "-", "--", "%", "%00", "%zz", " ", "\t", "\n", "\r\n", "\u{0}",
        "\u{1B}[2J",
        "\u{7F}", "\u{85}", "\u{9B}31m", "\u{2028}", "\u{202E}", "\u{FEFF}", "\u{301}", "\u{E9}",
        "\u{1F468}\u{200D}\u{1F469}",
        "0", "00", "65535", "65536", "256", "4294967296", "18446744073709551616", "99999999999999999999999999", "unix:",
        "http://", "https://", "unix:///", "::ffff:1.2.3.4", "127.0.0.1", "localhost", "us", "ms", "h", "*", "auto",
        "\\", "\"",
        "'", "$(x)",
    ]
    private static let longest = 20_000

    private let corpus: [String]

    public init(corpus: [String]) { self.corpus = corpus }

    /// A text from the corpus with up to four changes, now and then none.
    public func text(using random: inout SeededRandom) -> String {
        var text = random.pick(corpus)
        if random.chance(oneIn: 12) { return text }
        for _ in 0..<random.size(upTo: 4) { mutate(&text, using: &random) }
        return text
    }

    private func mutate(_ text: inout String, using random: inout SeededRandom) {
        switch random.below(8) {
        case 0, 1:
            var bytes = Array(text.utf8)
            ByteMutator.mutate(&bytes, using: &random)
            text = String(decoding: bytes, as: UTF8.self)
        case 2, 3, 4: insert(random.pick(Self.insertions), into: &text, using: &random)
        case 5:
            let count = random.size(upTo: random.chance(oneIn: 20) ? Self.longest : 300)
            insert(
                String(repeating: random.pick(Self.insertions + ["a", "1"]), count: count),
                into: &text,
                using: &random
            )
        case 6:
            let other = Array(random.pick(corpus).utf8)
            text = String(decoding: ByteMutator.splice(Array(text.utf8), other, using: &random), as: UTF8.self)
        case _: text = String(text.unicodeScalars.prefix(random.below(text.unicodeScalars.count + 1)))
        }
    }

    private func insert(_ part: String, into text: inout String, using random: inout SeededRandom) {
        let scalars = Array(text.unicodeScalars)
        let place = random.below(scalars.count + 1)
        text.unicodeScalars.replaceSubrange(
            text.unicodeScalars.startIndex...,
            with: Array(scalars[..<place]) + Array(part.unicodeScalars) + Array(scalars[place...])
        )
    }
}
