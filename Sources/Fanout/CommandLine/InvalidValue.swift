/// A value that cannot be used, said as what would be right, so that it completes "--flag must be ...".
struct InvalidValue: Error, Equatable, Sendable {
    let expected: String

    init(_ expected: String) { self.expected = expected }
}

/// A command line that cannot be used: one line that says what is wrong and what would be right.
struct UsageError: Error, Equatable, Sendable {
    let message: String

    init(_ message: String) { self.message = message }

    /// The longest part of a bad value that is repeated back, in characters.
    private static let longestQuotation = 120

    /// `origin` is the flag or variable that held `text`.
    init(_ origin: String, _ problem: InvalidValue, got text: String) {
        let shown = text.count > Self.longestQuotation ? text.prefix(Self.longestQuotation) + "..." : text[...]
        var line = LineBuffer()
        line.append(quoted: String(shown))
        self.init("\(origin) must be \(problem.expected); got \(line.text)")
    }
}
