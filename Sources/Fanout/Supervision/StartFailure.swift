import Glibc
import Reactor

/// Why the process could not begin to serve: one line for a person, one exit code for a script.
enum StartFailure: Error {
    case listen(String, SystemError)
    case driver(SystemError, isExplicit: Bool)
    case nomad(NomadSetupError)
    /// An address that is bound cannot be served on.
    case admin(String, String)
    case system(SystemError)

    var exitCode: ExitCode {
        switch self {
        case .listen(_, let error): Self.isRefusal(error) ? .permission : .unavailable
        case .driver(let error, let isExplicit): Self.isRefusal(error) && isExplicit ? .permission : .failure
        case .nomad(.noAddress): .configuration
        case .nomad(.invalid): .usage
        case .system, .admin: .failure
        }
    }

    var line: String {
        switch self {
        case .listen(let address, let error): "cannot listen on \(address): \(Self.cure(of: error))"
        case .driver(let error, _): "cannot use io_uring: \(Self.reason(ofRefused: error))"
        case .nomad(let error): "\(error)"
        case .admin(let address, let reason): "cannot serve the admin endpoint on \(address): \(reason)"
        case .system(let error): "cannot start: \(error)"
        }
    }

    private static func isRefusal(_ error: SystemError) -> Bool { error.errno == EACCES || error.errno == EPERM }

    private static func cure(of error: SystemError) -> String {
        switch error.errno {
        case EADDRINUSE:
            "the address is taken; another process listens there, give this one an address of its own"
        case EADDRNOTAVAIL:
            "this machine has no such address; use one of its own, or 127.0.0.1"
        case EACCES, EPERM:
            "no permission (\(error)); ports below 1024 need NET_BIND_SERVICE, a unix socket a writable folder"
        case _:
            "\(error)"
        }
    }

    /// Why io_uring was refused, and what would change it.
    static func reason(ofRefused error: SystemError) -> String {
        switch error.errno {
        case EPERM:
            "refused by a seccomp profile or by kernel.io_uring_disabled; under Nomad's docker driver give the task "
                + "security_opt = [\"seccomp=unconfined\"] or a profile that allows io_uring"
        case EACCES:
            "refused by a security module such as SELinux or AppArmor, or by a seccomp profile; under Nomad's docker driver "
                + "give the task security_opt = [\"seccomp=unconfined\"] or a profile that allows io_uring"
        case ENOSYS:
            "this kernel has none (Linux 6.1 or newer is needed), or the container runtime hides it, as Podman does; then give "
                + "the task security_opt = [\"seccomp=unconfined\"] or a profile that allows io_uring"
        case ENOMEM:
            "not enough memory for a ring; raise the task's memory or its memlock limit"
        case EINVAL:
            "this kernel is too old; Linux 6.1 or newer is needed"
        case _:
            "\(error)"
        }
    }
}
