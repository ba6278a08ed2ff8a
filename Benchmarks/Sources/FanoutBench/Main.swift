import ArgumentParser
import CBench
import Foundation

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fanout-bench",
        abstract: "Measures TCP proxies side by side: CPU time per unit of work, memory per connection.",
        subcommands: [Compare.self, LoadCommand.self],
        defaultSubcommand: Compare.self
    )
}

struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs the comparison (the default).")

    @Option(help: "The fanout program; without it the other peers are compared.")
    var fanout: String?

    @Option(help: "The haproxy program.")
    var haproxy = "/usr/sbin/haproxy"

    @Option(help: "Peers, comma-separated: fanout, haproxy, direct. Ratios are against the first one.")
    var peers = "fanout,haproxy,direct"

    @Option(help: "Workloads, comma-separated: bulk, pingpong, churn, idle.")
    var workloads = "bulk,pingpong,churn,idle"

    @Option(help: "Rounds of every workload and peer.")
    var rounds: Int?

    @Option(help: "Seconds measured in each run.")
    var seconds: Double?

    @Flag(help: "Two rounds of one second: for a look, not for figures.")
    var quick = false

    @Option(help: "Writes everything measured to this file.")
    var json: String?

    func validate() throws {
        guard (rounds ?? 1) >= 1 else { throw ValidationError("--rounds is at least 1") }
        guard (seconds ?? 1) > 0 else { throw ValidationError("--seconds is more than 0") }
        guard ProcessInfo.processInfo.activeProcessorCount >= 2 else {
            throw ValidationError("two CPUs are needed: one for the proxy, one for the load")
        }
    }

    func run() throws {
        let workloads = try names(self.workloads).map { name in
            guard let workload = Workload(rawValue: name) else { throw ValidationError("no workload named \(name)") }
            return workload
        }
        let peers = try names(self.peers).compactMap(peer)
        guard let reference = peers.first?.name else { throw ValidationError("no peer to measure") }
        let rounds = self.rounds ?? (quick ? 2 : 5)
        let seconds = self.seconds ?? (quick ? 1 : 4)

        bench_watch_signals()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fanout-bench-\(getpid())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let machine = Machine()
        let versions = Dictionary(peers.map { ($0.name, $0.version) }, uniquingKeysWith: { first, _ in first })
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let harness = Harness(peers: peers, rounds: rounds, seconds: seconds, folder: folder, program: program)
        let runs: [Run]
        do {
            runs = try harness.run(workloads) { show($0) }
        } catch let error as BenchError {
            show("")
            FileHandle.standardError.write(Data("fanout-bench: \(error)\n".utf8))
            throw ExitCode(bench_interrupted() == 0 ? 1 : 128 + bench_interrupted())
        }
        show("")
        let summaries = workloads.flatMap { workload in
            peers.map { Summary(workload, peer: $0.name, reference: reference, runs: runs) }
        }
        let report = BenchReport(
            machine: machine,
            versions: versions,
            reference: reference,
            rounds: rounds,
            seconds: seconds,
            summaries: summaries.filter { $0.rate != nil },
            runs: runs
        )
        print(Table(report: report).text)
        if let json { try report.writeJSON(to: json) }
    }

    private func names(_ list: String) -> [String] {
        list.split(separator: ",").map(String.init)
    }

    /// The peer of a name; nil for fanout without its path.
    private func peer(_ name: String) throws -> (any Peer)? {
        switch name {
        case "fanout": return fanout.map { Fanout(path: $0) }
        case "haproxy": return HAProxy(path: haproxy)
        case "direct": return Direct()
        default: throw ValidationError("no peer named \(name)")
        }
    }

    /// One line of progress on a terminal's standard error, which the next one overwrites.
    private func show(_ text: String) {
        guard isatty(2) == 1 else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
    }
}

/// The load process: prints its backend's port, reads its target, prints what it measured.
struct LoadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "load", shouldDisplay: false)

    @Argument var order: String

    func run() throws {
        let load = Load(try JSONDecoder().decode(LoadOrder.self, from: Data(order.utf8)))
        say("\(load.backendPort)")
        guard let line = readLine() else { return }
        let target = try JSONDecoder().decode(LoadTarget.self, from: Data(line.utf8))
        let measurement = load.run(target, own: getpid())
        say(String(decoding: try JSONEncoder().encode(measurement), as: UTF8.self))
    }

    private func say(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
