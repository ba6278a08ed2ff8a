/// How operators write what happens to the sessions of endpoints that leave.
extension RemovalPolicy {
    static let choices = "keep|drain-when-idle|close-after=D|reset"
    private static let closeAfterPrefix = "close-after="

    init(parsing text: String) throws(InvalidValue) {
        switch text {
        case "keep": self = .keep
        case "drain-when-idle": self = .drainWhenIdle
        case "reset": self = .reset
        case _ where text.hasPrefix(Self.closeAfterPrefix):
            self = .closeAfter(try Interval(parsing: String(text.dropFirst(Self.closeAfterPrefix.count))).nanoseconds)
        case _:
            throw InvalidValue("keep, drain-when-idle, close-after=D (such as close-after=30s) or reset")
        }
    }
}
