import Glibc

/// A system call that failed, with what it was for.
public struct SystemFailure: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }

    /// Takes the reason from `errno`.
    init(doing what: String) {
        let reason = unsafe String(cString: strerror(errno))
        description = "cannot \(what): \(reason)"
    }
}
