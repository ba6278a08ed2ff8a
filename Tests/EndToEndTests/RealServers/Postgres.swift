import Foundation
import Testing
import Traffic

/// A PostgreSQL server with a new, empty cluster, and its clients toward any address.
final class Postgres {
    /// It refuses to run as root; the Debian package brings this user.
    private static let user = "postgres"

    static var isInstalled: Bool {
        let needed = [Programs.initdb, Programs.postgres, Programs.psql, Programs.pgbench]
        return needed.allSatisfy { $0 != nil } && (getuid() != 0 || Programs.setpriv != nil)
    }

    let folder: Folder
    let server: RealServer
    var address: TrafficAddress { server.address }

    init() throws {
        let folder = try Folder()
        self.folder = folder
        let home = folder.path + "/home"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
        if getuid() == 0 {
            try FileManager.default.setAttributes([.ownerAccountName: Self.user], ofItemAtPath: home)
        }
        let initdb = Self.unprivileged(try #require(Programs.initdb))
        let cluster = home + "/data"
        let options = ["-U", Self.user, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        try Command.run(initdb.path, initdb.arguments + ["-D", cluster] + options, in: folder)
        let postgres = Self.unprivileged(try #require(Programs.postgres))
        server = try RealServer(
            postgres.path,
            in: folder,
            arguments: { port in
                let settings = [
                    "port=\(port)", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off",
                    "ssl=off", "log_destination=stderr",
                ]
                return postgres.arguments + ["-D", cluster] + settings.flatMap { ["-c", $0] }
            },
            answers: { address, _ in (try? Self.query("SELECT 1", at: address, in: folder)) == "1" }
        )
    }

    /// As another user when this one is root. setpriv(1) replaces itself by the program, so the pid is the program's.
    private static func unprivileged(_ path: String) -> (path: String, arguments: [String]) {
        guard getuid() == 0, let setpriv = Programs.setpriv else { return (path, []) }
        return (setpriv, ["--reuid", user, "--regid", user, "--init-groups", path])
    }

    func stop() {
        // Immediate shutdown: without it, its child processes would outlive it for a moment.
        try? server.end(SIGQUIT)
        server.stop()
    }

    static func arguments(_ address: TrafficAddress) -> [String] {
        ["-h", "127.0.0.1", "-p", address.portText, "-U", user]
    }

    /// One run of psql for each of the commands in turn, on one connection; it fails at the first error.
    @discardableResult
    static func query(
        _ commands: String...,
        at address: TrafficAddress,
        input: String? = nil,
        in folder: Folder
    ) throws -> String {
        try start(commands, at: address, input: input, in: folder).succeed()
    }

    /// psql on its way; see ``query(_:at:input:in:)``.
    static func start(
        _ commands: [String],
        at address: TrafficAddress,
        input: String? = nil,
        in folder: Folder
    ) throws -> Command {
        try Command(
            try #require(Programs.psql),
            arguments(address) + ["-d", user, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
                + commands.flatMap { ["-c", $0] },
            input: input,
            in: folder
        )
    }

    /// One run of pgbench.
    /// - Returns: what it printed.
    @discardableResult
    static func bench(_ options: [String], at address: TrafficAddress, in folder: Folder) throws -> String {
        try Command.run(try #require(Programs.pgbench), arguments(address) + options + [user], in: folder)
    }
}
