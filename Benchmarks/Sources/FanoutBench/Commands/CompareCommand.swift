import ArgumentParser
import CBench
import Foundation

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Runs the comparison (the default)."
    )

    @OptionGroup(title: "Programs") var programs: ProgramOptions

    @Option(help: "Peers, comma-separated. Ratios are against the first one.")
    var peers = PeerCatalogue.names.joined(separator: ",")

    @Option(help: "Workloads and trials, comma-separated: \(Selection.names). Default: all that can be run.")
    var workloads: String?

    @Option(help: "Rounds of every workload and peer (default: 5, with --quick 2).")
    var rounds: Int?

    @Option(help: "Seconds measured in each run (default: 1, with --quick 0.3).")
    var seconds: Double?

    @Option(help: "How often an endpoint joins and leaves in discovery (default: 300, with --quick 30).")
    var changes: Int?

    @Flag(help: "Some of the workloads, in short runs, within three minutes: for a look, not for figures.")
    var quick = false

    @Option(help: "Writes everything measured to this file.")
    var json = "bench-results/bench.json"

    @Option(help: "Writes the report as one page to this file.")
    var html = "bench-results/bench.html"

    func validate() throws {
        guard (rounds ?? 1) >= 1 else { throw ValidationError("--rounds is at least 1") }
        guard (seconds ?? 1) > 0 else { throw ValidationError("--seconds is more than 0") }
        guard (changes ?? 1) >= 1 else { throw ValidationError("--changes is at least 1") }
        guard ProcessInfo.processInfo.activeProcessorCount >= 2 else {
            throw ValidationError("two CPUs are needed: one for the proxy, one for the load")
        }
    }

    func run() throws {
        let asked = try programs.catalogue.peers(peers)
        let obstacles = try programs.obstacles()
        let described = asked.map { PeerDescription($0, obstacle: $0.obstacle ?? obstacles[$0.family]) }
        let present = zip(asked, described).filter { $1.obstacle == nil }.map(\.0)
        guard let reference = present.first?.name else { throw ValidationError("no peer to measure") }
        let selection = try workloads.map { try Selection($0) } ?? Selection(all: quick ? Workload.quick : Workload.all)

        bench_watch_signals()
        let folder = temporaryPath()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // The server of PostgreSQL runs as a user of its own.
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let harness = Harness(
            peers: present,
            rounds: rounds ?? (quick ? 2 : 5),
            seconds: seconds ?? (quick ? 0.3 : 1),
            folder: folder,
            program: try ownProgram()
        )
        let possible = Possible(selection, programs: programs, obstacles: obstacles, hasFanout: present.hasFanout)
        var report = BenchReport(
            machine: Machine(place: programs.place),
            peers: described,
            reference: reference,
            rounds: harness.rounds,
            seconds: harness.seconds,
            workloads: possible.workloads,
            notes: possible.notes
        )
        do {
            try Comparison(harness: harness, programs: programs, isQuick: quick, changes: changes)
                .run(possible, into: &report)
        } catch let error as BenchError {
            FileHandle.standardError.write(Data("\nfanout-bench: \(error)\n".utf8))
            throw ExitCode(bench_interrupted() == 0 ? 1 : 128 + bench_interrupted())
        }
        for path in [json, html] {
            let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        }
        try report.writeJSON(to: json)
        try Page(report: report).html.write(toFile: html, atomically: true, encoding: .utf8)
        print("\nwritten: \(json), \(html)")
        guard report.isSound else { throw ExitCode.failure }
    }
}
