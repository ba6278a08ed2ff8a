import Glibc
import Reactor

/// What came of binding the admin address.
struct AdminFacts: Equatable, Sendable {
    /// What was at the path of a unix socket before.
    enum File: Equatable, Sendable {
        case none
        case socket
        case other
    }

    let listen: ListenFacts
    var file = File.none
    /// Whether this machine alone, or this network namespace, reaches it; a unix socket counts as that.
    var isLocal = true
}

/// Whether the admin address is free, and who can read what it says.
enum AdminCheck {
    static func findings(_ facts: AdminFacts) -> [Finding] {
        facts.isLocal ? [binding(facts)] : [binding(facts), reach(facts)]
    }

    private static func binding(_ facts: AdminFacts) -> Finding {
        let address = facts.listen.address
        switch (facts.listen.error, facts.file) {
        case (nil, .socket):
            return .ok(
                .admin,
                "\(address) is free: a process that is gone has left its socket file, which a run replaces"
            )
        case (let error?, .other) where error.errno == EADDRINUSE:
            return .failure(
                .admin,
                "\(address): a file that is no socket is there, which a run leaves alone",
                cure: ListenUse.admin.cure(ListenUse.admin.freeAddress)
            )
        case _: return ListenCheck.finding(facts.listen, use: .admin)
        }
    }

    private static func reach(_ facts: AdminFacts) -> Finding {
        .warning(
            .admin,
            "\(facts.listen.address) is not loopback: who reaches it reads everything, as there is no authentication",
            cure: ListenUse.admin.cure("127.0.0.1:\(facts.listen.port)")
        )
    }
}
