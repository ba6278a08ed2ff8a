/// Changes to a JSON text that keep enough of its form to get beyond the reader's first lines.
public struct JSONMutator: Sendable {
    /// Texts in the place of a value: wrong types, edges of every integer, addresses, odd strings.
    private static let values = [
        "null", "true", "false", "0", "-0", "-1", "1", "1.0", "80.5", "1e3", "1e999", "-1e-999", "65535", "65536",
        "70000",
        "2147483648", "9007199254740993", "9223372036854775807", "9223372036854775808", "-9223372036854775809",
        "18446744073709551615", "18446744073709551616", "99999999999999999999999999999999999999999999", "08", "+1",
        ".5",
        "0x50", "NaN", "Infinity", "\"\"", "\"80\"", "[]", "{}", "[null]", "[[]]", "{\"\":0}", "[\"fanout.canary=1\"]",
        "[\"a\",1]", "\"127.0.0.2\"", "\"::1\"", "\"[::1]\"", "\"fe80::1%eth0\"", "\"10.0.0.1:80\"",
        "\"db_1.internal.\"",
        "\"host name\"", "\"../../etc\"", "\"0.0.0.0\"", "\"1.2.3\"", "\"localhost\"", "\"\\u0000\"", "\"a\\u0000b\"",
        "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\uD83D\\uDE00\"", "\"\\q\"", "\"\\u12\"", "\"\u{e9}\u{1F600}\"",
    ]
    private static let keys = [
        "ID", "Address", "Port", "Tags", "CreateIndex", "ModifyIndex", "AllocID", "NodeID", "Namespace", "JobID",
        "port", "PORT", "\\u0050ort", "", "New",
    ]

    /// The most levels that are added.
    private static let deepest = 100_000

    private let corpus: [[UInt8]]

    /// `corpus` is what is spliced in.
    public init(corpus: [[UInt8]]) { self.corpus = corpus }

    /// A text from the corpus with up to four changes, now and then none.
    public func text(using random: inout SeededRandom) -> [UInt8] {
        var text = random.pick(corpus)
        if random.chance(oneIn: 16) { return text }
        for _ in 0..<random.size(upTo: 4) { mutate(&text, using: &random) }
        return text
    }

    /// One change.
    public func mutate(_ text: inout [UInt8], using random: inout SeededRandom) {
        switch random.below(20) {
        case 0...5: ByteMutator.mutate(&text, using: &random)
        case 6: ByteMutator.truncate(&text, using: &random)
        case 7: text = ByteMutator.splice(text, random.pick(corpus), using: &random)
        case 8...12: replaceToken(&text, with: Array(random.pick(Self.values).utf8), using: &random)
        case 13:
            let depth = random.size(upTo: random.chance(oneIn: 50) ? Self.deepest : 600)
            replaceToken(&text, with: Self.nested(depth), using: &random)
        case 14, 15: insertMember(&text, using: &random)
        case 16: insertValue(&text, using: &random)
        case 17: repeatRow(&text, using: &random)
        case 18: replaceToken(&text, with: Self.digits(random.size(upTo: 400), using: &random), using: &random)
        case _: replaceToken(&text, with: Self.longString(random.size(upTo: 5_000), using: &random), using: &random)
        }
    }

    private func replaceToken(_ text: inout [UInt8], with token: [UInt8], using random: inout SeededRandom) {
        let tokens = Self.tokens(text)
        guard !tokens.isEmpty else {
            text = token
            return
        }
        text.replaceSubrange(random.pick(tokens), with: token)
    }

    /// A member after a random brace: often a key that is there already.
    private func insertMember(_ text: inout [UInt8], using random: inout SeededRandom) {
        let braces = text.indices.filter { text[$0] == UInt8(ascii: "{") }
        guard !braces.isEmpty else { return }
        let member = "\"\(random.pick(Self.keys))\":\(random.pick(Self.values)),"
        text.insert(contentsOf: Array(member.utf8), at: random.pick(braces) + 1)
    }

    private func insertValue(_ text: inout [UInt8], using random: inout SeededRandom) {
        let brackets = text.indices.filter { text[$0] == UInt8(ascii: "[") }
        guard !brackets.isEmpty else { return }
        text.insert(contentsOf: Array("\(random.pick(Self.values)),".utf8), at: random.pick(brackets) + 1)
    }

    /// Many rows in the place of all: the same one again and again, or others.
    private func repeatRow(_ text: inout [UInt8], using random: inout SeededRandom) {
        guard let start = text.firstIndex(of: UInt8(ascii: "{")),
            let end = text[start...].firstIndex(of: UInt8(ascii: "}"))
        else { return }
        let row = Array(text[start...end].prefix(1_000))
        let count = random.size(upTo: random.chance(oneIn: 100) ? 12_000 : 20)
        var rows: [UInt8] = []
        for number in 0..<count {
            let address = "10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"
            rows.append(UInt8(ascii: number == 0 ? "[" : ","))
            rows +=
                random.chance(oneIn: 4) && count < 1_000
                ? row : Array("{\"ID\":\"\(number)\",\"Address\":\"\(address)\",\"Port\":80}".utf8)
        }
        text = rows + [UInt8(ascii: "]")]
    }

    /// Where strings, numbers and words are.
    private static func tokens(_ text: [UInt8]) -> [Range<Int>] {
        var tokens: [Range<Int>] = []
        var place = 0
        while place < text.count {
            let start = place
            if text[place] == UInt8(ascii: "\"") {
                place += 1
                while place < text.count, text[place] != UInt8(ascii: "\"") {
                    place += text[place] == UInt8(ascii: "\\") ? 2 : 1
                }
                place = min(place + 1, text.count)
                tokens.append(start..<place)
            } else if isWord(text[place]) {
                while place < text.count, isWord(text[place]) { place += 1 }
                tokens.append(start..<place)
            } else {
                place += 1
            }
        }
        return tokens
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "+-.".utf8.contains(byte)
    }

    private static func nested(_ depth: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(ascii: "["), count: depth) + [UInt8](repeating: UInt8(ascii: "]"), count: depth)
    }

    private static func digits(_ count: Int, using random: inout SeededRandom) -> [UInt8] {
        (0..<count).map { _ in UInt8(ascii: "0") + UInt8(random.below(10)) }
    }

    private static func longString(_ count: Int, using random: inout SeededRandom) -> [UInt8] {
        let quote = [UInt8(ascii: "\"")]
        return quote + (0..<count).map { _ in UInt8(ascii: "a") + UInt8(random.below(26)) } + quote
    }
}
