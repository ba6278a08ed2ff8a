/// What a text for an operator must be like, whatever led to it.
public enum Message {
    /// Longer ones would fill a terminal, and a log line's reader.
    public static let longest = 1_000

    /// What is wrong with one line, in words; nil if nothing is.
    public static func fault(line: String, longest: Int = longest) -> String? {
        if line.utf8.count > longest {
            return "a message of \(line.utf8.count) bytes: \(line.prefix(80).debugDescription)"
        }
        let breaks = line.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: true
            case _: false
            }
        }
        return breaks ? "a message with control characters: \(line.debugDescription)" : nil
    }
}
