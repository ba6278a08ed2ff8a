/// How the process ends: the part of the operators' contract that job files and scripts rely on.
///
/// Numbers from 64 on are those of sysexits.h.
enum ExitCode: Int32, Sendable, CaseIterable {
    /// A drain that let every session finish, or a command that did what it was asked.
    case clean = 0
    /// A runtime failure, or a drain cut short.
    case failure = 1
    /// Unknown flags, bad values, contradictions; unreadable TLS files.
    case usage = 64
    /// A listen address that is taken or not available.
    case unavailable = 69
    /// No permission to bind, or to use io_uring when it was asked for by name.
    case permission = 77
    /// No Nomad address is given and none can be derived.
    case configuration = 78
}
