import Glibc
import Reactor

/// What the kernel and the container around the process allow.
struct KernelFacts: Equatable, Sendable {
    /// `6.1.0-18-amd64`.
    var release: String
    /// What came of making a ring as a worker does, and of waiting on it once.
    var ring: Result<[String], SystemError>
    /// `Seccomp` of /proc/self/status: 2 is a filter (proc_pid_status(5)).
    var seccomp: Int?
    /// The sysctl kernel.io_uring_disabled (Linux 6.6): 1 is for the unprivileged, 2 for all.
    var ringsDisabled: Int?
    var allowsSplice: Bool
    /// `cubic`, `bbr`.
    var congestion: String?
}

/// io_uring, splice and the congestion control.
enum KernelCheck {
    /// The path that the cure names; the file is contrib/seccomp/fanout.json.
    static let profile = Cure(.config, #"security_opt = ["seccomp=/etc/nomad.d/fanout-seccomp.json"]"#)
    private static let profileSource =
        "give the client contrib/seccomp/fanout.json under the path below; seccomp=unconfined needs no file"

    static func findings(_ facts: KernelFacts, driver: DriverChoice) -> [Finding] {
        [ring(facts, driver), splice(facts), congestion(facts)]
    }

    private static func ring(_ facts: KernelFacts, _ driver: DriverChoice) -> Finding {
        switch (facts.ring, driver) {
        case (_, .epoll): return .ok(.kernel, "epoll, as --driver asks; Linux \(facts.release)")
        case (.success(let features), .auto), (.success(let features), .ioUring):
            let list = features.isEmpty ? "" : " with \(features.joined(separator: ", "))"
            return .ok(.kernel, "io_uring works\(list): set up, locked, entered; Linux \(facts.release)")
        case (.failure(let error), .auto):
            let (text, cure) = refusal(error, facts)
            return .warning(.kernel, "io_uring cannot be used, epoll will be: \(text)", cure: cure)
        case (.failure(let error), .ioUring):
            let (text, cure) = refusal(error, facts)
            return .failure(.kernel, "io_uring cannot be used, and --driver asks for it: \(text)", cure: cure)
        }
    }

    /// Why, and what would change it.
    private static func refusal(_ error: SystemError, _ facts: KernelFacts) -> (String, Cure?) {
        let upgrade = "Linux \(facts.release) is too old, 6.1 or newer is needed"
        let isFiltered = facts.seccomp == 2
        switch error.errno {
        case EPERM where facts.ringsDisabled ?? 0 > 0:
            let value = facts.ringsDisabled ?? 0
            return (
                "the sysctl kernel.io_uring_disabled is \(value) (\(error))",
                Cure(.node, "sysctl -w kernel.io_uring_disabled=0")
            )
        case EPERM where isFiltered, EACCES where isFiltered:
            return ("a seccomp profile refuses it, as Docker's does since 25 (\(error)); \(profileSource)", profile)
        case EPERM, EACCES:
            return ("a security module such as SELinux or AppArmor refuses it (\(error))", nil)
        case ENOSYS where isFiltered:
            return ("a seccomp profile hides it, as Podman's does (\(error)); \(profileSource)", profile)
        case ENOSYS, EINVAL:
            return ("\(upgrade) (\(error))", nil)
        case ENOMEM:
            return (
                "there is not enough memory to lock for a ring (\(error))",
                Cure(.config, #"ulimit { memlock = "-1:-1" }"#)
            )
        case _:
            return ("\(error)", nil)
        }
    }

    private static func splice(_ facts: KernelFacts) -> Finding {
        guard !facts.allowsSplice else { return .ok(.splice, "bulk is moved without copying it") }
        return .warning(
            .splice,
            "splice(2) is refused, so bulk is copied, at two to five times the CPU time; \(profileSource)",
            cure: profile
        )
    }

    private static func congestion(_ facts: KernelFacts) -> Finding {
        guard let name = facts.congestion else { return .ok(.congestion, "cannot be told") }
        guard name.hasPrefix("bbr") else { return .ok(.congestion, name) }
        return .warning(
            .congestion,
            "\(name) paces what is sent, which costs bulk CPU time; on loopback our own side uses reno, others do not",
            cure: Cure(.node, "sysctl -w net.ipv4.tcp_congestion_control=cubic")
        )
    }
}
