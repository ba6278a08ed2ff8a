/// A value that cannot be used, said as what would be right, so that it completes "--flag must be ...".
struct InvalidValue: Error, Equatable, Sendable {
    let expected: String

    init(_ expected: String) { self.expected = expected }
}

/// A command line that cannot be used: one line that says what is wrong and what would be right.
struct UsageError: Error, Equatable, Sendable {
    let message: String

    init(_ message: String) { self.message = message }

    /// The longest part of a bad value that is repeated back, in bytes: one character can have any number of them.
    static let longestQuotation = 120

    /// `origin` is the flag or variable that held `text`.
    init(_ origin: String, _ problem: InvalidValue, got text: String) {
        var line = LineBuffer()
        line.append(quoted: text.excerpt(Self.longestQuotation))
        self.init("\(origin) must be \(problem.expected); got \(line.text)")
    }
}

extension String {
    /// The beginning that fits into so many bytes of UTF-8, with dots if that is not all.
    func excerpt(_ longest: Int) -> String {
        guard utf8.count > longest else { return self }
        var end = utf8.index(startIndex, offsetBy: longest)
        while end.samePosition(in: unicodeScalars) == nil { utf8.formIndex(before: &end) }
        return self[..<end] + "..."
    }
}
