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

    @Option(help: "The nomad-double program (of the root package); the workload discovery needs it.")
    var nomadDouble: String?

    @Option(help: "Workloads, comma-separated: \(Selection.names). Default: all that can be run.")
    var workloads: String?

    @Option(help: "Rounds of every workload and peer.")
    var rounds: Int?

    @Option(help: "Seconds measured in each run.")
    var seconds: Double?

    @Option(help: "How often an endpoint joins and leaves in discovery (default: 300, with --quick 30).")
    var changes: Int?

    @Flag(help: "Two rounds of one second, few changes and connections: for a look, not for figures.")
    var quick = false

    @Option(help: "Writes everything measured to this file.")
    var json: String?

    func validate() throws {
        guard (rounds ?? 1) >= 1 else { throw ValidationError("--rounds is at least 1") }
        guard (seconds ?? 1) > 0 else { throw ValidationError("--seconds is more than 0") }
        guard (changes ?? 1) >= 1 else { throw ValidationError("--changes is at least 1") }
        guard ProcessInfo.processInfo.activeProcessorCount >= 2 else {
            throw ValidationError("two CPUs are needed: one for the proxy, one for the load")
        }
    }

    func run() throws {
        let peers = try self.peers.split(separator: ",").compactMap { try peer(String($0)) }
        let fanout = peers.lazy.compactMap { $0 as? Fanout }.first
        let selection = try selection(fanout)
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
        var discovery: DiscoveryResult?
        var connections: ConnectionsResult?
        do {
            runs = try harness.run(selection.workloads) { show($0) }
            if let fanout, let nomadDouble, selection.discovery {
                let changes = self.changes ?? (quick ? 30 : 300)
                let trial = DiscoveryTrial(harness: harness, fanout: fanout, nomadDouble: nomadDouble, changes: changes)
                discovery = try trial.run { show($0) }
            }
            if let fanout, selection.connections {
                let trial = ConnectionsTrial(harness: harness, fanout: fanout, connections: quick ? 10_000 : 100_000)
                connections = try trial.run { show($0) }
            }
        } catch let error as BenchError {
            show("")
            FileHandle.standardError.write(Data("fanout-bench: \(error)\n".utf8))
            throw ExitCode(bench_interrupted() == 0 ? 1 : 128 + bench_interrupted())
        }
        show("")
        let summaries = selection.workloads.flatMap { workload in
            peers.map { Summary(workload, peer: $0.name, reference: reference, runs: runs) }
        }
        let report = BenchReport(
            machine: machine,
            versions: versions,
            reference: reference,
            rounds: rounds,
            seconds: seconds,
            summaries: summaries.filter { $0.rate != nil },
            runs: runs,
            peers: peers.map(\.name),
            discovery: discovery,
            connections: connections
        )
        print(Table(report: report).text)
        if let json { try report.writeJSON(to: json) }
        guard report.isSound else { throw ExitCode.failure }
    }

    /// What is to be run; an explicit wish that cannot be met is an error.
    private func selection(_ fanout: Fanout?) throws -> Selection {
        guard let workloads else { return Selection(allWithFanout: fanout != nil, nomadDouble: nomadDouble != nil) }
        let selection = try Selection(workloads)
        guard fanout != nil || !(selection.discovery || selection.connections) else {
            throw ValidationError("discovery and connections need --fanout, and fanout among --peers")
        }
        guard nomadDouble != nil || !selection.discovery else {
            throw ValidationError("discovery needs --nomad-double")
        }
        return selection
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
