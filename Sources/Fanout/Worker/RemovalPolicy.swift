/// What happens to living sessions when their endpoint leaves the set.
enum RemovalPolicy: Equatable, Sendable {
    /// Nothing: they last as long as both sides want.
    case keep
    /// They are closed as soon as they are quiet.
    case drainWhenIdle
    /// They are closed so many nanoseconds later, or reset if they are not quiet then.
    case closeAfter(UInt64)
    /// They are reset at once.
    case reset
}
