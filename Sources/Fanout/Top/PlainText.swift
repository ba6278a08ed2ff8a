/// Text that takes one column a character and gives no orders to a terminal, whatever it came from.
enum PlainText {
    /// What our own texts use beside ASCII, and what stands for it where the terminal knows only that.
    private static let glyphs: [Unicode.Scalar: Unicode.Scalar] = [
        "…": "~", "↑": "^", "↓": "v", "●": "*", "·": "-", "µ": "u", "─": "-",
    ]

    /// One for each character of `text`; whose width is not known becomes a question mark.
    static func characters(of text: String) -> [Unicode.Scalar] {
        text.map { character in
            let scalars = character.unicodeScalars
            guard scalars.count == 1, let scalar = scalars.first, isKnown(scalar) else { return "?" }
            return scalar
        }
    }

    /// The same in ASCII.
    static func ascii(_ character: Unicode.Scalar) -> Unicode.Scalar { glyphs[character] ?? character }

    private static func isKnown(_ scalar: Unicode.Scalar) -> Bool {
        (0x20...0x7e).contains(scalar.value) || glyphs[scalar] != nil
    }

    /// Whether the terminal is said to take UTF-8 (locale(7): the first of these that is set counts).
    static func isUnicode(_ environment: [String: String]) -> Bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        return locale.lowercased().contains("utf-8") || locale.lowercased().contains("utf8")
    }

    /// Words on lines of at most `width` characters; a longer word is left to be cut off.
    static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
