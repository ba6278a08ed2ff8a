import Glibc
import Reactor

/// What came of binding one address.
struct ListenFacts: Equatable, Sendable {
    /// As the operator writes it.
    let address: String
    let port: UInt16
    /// Why it cannot be bound; nil if it can.
    let error: SystemError?
    /// Who listens there, if that can be told.
    let holder: ListenHolder?
}

/// Whether the listen addresses are free.
enum ListenCheck {
    static func finding(_ facts: ListenFacts, use: ListenUse) -> Finding {
        guard let error = facts.error else { return .ok(use.check, "\(facts.address) is free") }
        switch error.errno {
        case EADDRINUSE: return taken(facts, use)
        case EADDRNOTAVAIL:
            return .failure(
                use.check,
                "\(facts.address): this machine, or network namespace, has no such address",
                cure: use.cure("127.0.0.1:\(facts.port)")
            )
        case EACCES, EPERM:
            if facts.port > 0 {
                return .failure(
                    use.check,
                    "\(facts.address): ports below 1024 need a capability (\(error))",
                    cure: Cure(.config, #"cap_add = ["net_bind_service"]"#)
                )
            }
            return .failure(
                use.check,
                "\(facts.address): the folder cannot be written (\(error))",
                cure: use.cure(use.freeSocket)
            )
        case ENOENT, ENOTDIR:
            return .failure(
                use.check,
                "\(facts.address): there is no such folder",
                cure: use.cure(use.freeSocket)
            )
        case _: return .failure(use.check, "\(facts.address): \(error)", cure: nil)
        }
    }

    /// A sidecar that runs already is what its own container is asked about most.
    private static func taken(_ facts: ListenFacts, _ use: ListenUse) -> Finding {
        guard let holder = facts.holder else {
            return .failure(
                use.check,
                "\(facts.address) is taken by another process",
                cure: use.cure(use.freeAddress)
            )
        }
        if holder.name == ListenHolder.ownName {
            return .warning(
                use.check,
                "\(facts.address) is held by fanout itself (process \(holder.pid)): right if it runs already",
                cure: nil
            )
        }
        return .failure(
            use.check,
            "\(facts.address) is taken by \(holder.name) (process \(holder.pid))",
            cure: use.cure(use.freeAddress)
        )
    }
}
