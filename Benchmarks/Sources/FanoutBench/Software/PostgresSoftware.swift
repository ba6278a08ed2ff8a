import CBench
import Foundation

/// PostgreSQL with a new cluster, and pgbench with its select-only script over the simple protocol.
struct PostgresSoftware: Software {
    /// It refuses to run as root; the Debian package brings this user.
    private static let user = "postgres"
    private static let initSeconds = 60.0

    var obstacle: String? {
        Programs.obstacle(["initdb", "postgres", "pgbench", "setpriv"], packages: "postgresql and util-linux")
    }

    func server(port: UInt16, folder: String) throws -> PeerCommand {
        let cluster = try cluster(in: folder)
        let settings = [
            "port=\(port)", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "ssl=off",
            "log_destination=stderr",
        ]
        var command = try unprivileged(
            "postgres",
            ["-D", cluster] + settings.flatMap { ["-c", $0] }
        )
        command.readyLine = "ready to accept connections"
        return command
    }

    func tool(_ workload: Workload, port: UInt16, seconds: Double, folder: String) throws -> PeerCommand {
        let home = try home(in: folder)
        return try unprivileged(
            "pgbench",
            [
                "-h", "127.0.0.1", "-p", "\(port)", "-U", Self.user, "-S", "-n", "-M", "simple",
                "-c", "\(workload.connections)", "-T", "\(max(1, Int(seconds.rounded())))",
                "-l", "--log-prefix", "\(home)/transactions-\(port)", Self.user,
            ]
        )
    }

    func read(_ output: String, _ workload: Workload, folder: String, into measurement: inout Measurement) throws {
        let home = try home(in: folder)
        func number(after label: String) -> Double? {
            output.split(separator: "\n").first { $0.hasPrefix(label) }?.dropFirst(label.count)
                .split { $0 == " " || $0 == "/" }.first.flatMap { Double($0) }
        }
        guard let transactions = number(after: "number of transactions actually processed:"), transactions > 0 else {
            throw BenchError("pgbench prints '\(output)'")
        }
        measurement.units = transactions
        measurement.errors = Int(number(after: "number of failed transactions:") ?? 0)
        // A line for each transaction: client, number, microseconds, ...
        var latencies = Histogram()
        for file in try FileManager.default.contentsOfDirectory(atPath: home) where file.hasPrefix("transactions-") {
            let path = "\(home)/\(file)"
            for line in (readText(path) ?? "").split(separator: "\n") {
                let fields = line.split(separator: " ", maxSplits: 3)
                if fields.count > 2, let value = UInt64(fields[2]) { latencies.add(value * 1_000) }
            }
            try FileManager.default.removeItem(atPath: path)
        }
        measurement.take(latencies)
    }

    private func home(in folder: String) throws -> String {
        let home = "\(folder)/postgres"
        if !FileManager.default.fileExists(atPath: home) {
            try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: false)
            if getuid() == 0 {
                try FileManager.default.setAttributes([.ownerAccountName: Self.user], ofItemAtPath: home)
            }
        }
        return home
    }

    /// Makes the cluster and pgbench's tables when they are not there yet.
    private func cluster(in folder: String) throws -> String {
        let cluster = "\(try home(in: folder))/data"
        guard !FileManager.default.fileExists(atPath: cluster) else { return cluster }
        let options = ["-U", Self.user, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        try run(try unprivileged("initdb", ["-D", cluster] + options), in: folder)
        let port = UInt16(clamping: bench_free_port())
        let command = try server(port: port, folder: folder)
        let log = "\(folder)/postgres.log"
        let server = try ChildProcess(command, cpu: -1, log: log)
        try server.waitForLine(command.readyLine, in: log)
        let connect = ["-h", "127.0.0.1", "-p", "\(port)", "-U", Self.user]
        try run(try unprivileged("pgbench", connect + ["-i", "-q", "-s", "1", Self.user]), in: folder)
        server.stop(command.stopSignal)
        return cluster
    }

    private func run(_ command: PeerCommand, in folder: String) throws {
        let log = "\(folder)/setup.log"
        let child = try ChildProcess(command, cpu: -1, log: log)
        _ = try child.readToEnd(within: Self.initSeconds)
        guard child.succeeds(within: 1_000) else {
            throw BenchError("\(command.path) fails: \(readText(log) ?? "")")
        }
    }

    /// As another user when this one is root. setpriv(1) replaces itself by the program, so the pid is the program's;
    /// a change of user forgets that a child is to end with its parent, so it is said again.
    private func unprivileged(_ name: String, _ arguments: [String]) throws -> PeerCommand {
        let path = try Programs.path(name)
        // A fast shutdown: clients are cut off, and the cluster is left clean.
        let signal = SIGINT
        guard getuid() == 0 else { return PeerCommand(path: path, arguments: arguments, stopSignal: signal) }
        let identity = ["--reuid", Self.user, "--regid", Self.user, "--init-groups", "--pdeathsig", "KILL"]
        return PeerCommand(
            path: try Programs.path("setpriv"),
            arguments: identity + [path] + arguments,
            stopSignal: signal
        )
    }
}
