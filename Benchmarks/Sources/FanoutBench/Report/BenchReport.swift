import Foundation

/// Everything a run of the harness found; the JSON file is this, the HTML file shows it.
struct BenchReport: Codable {
    let machine: Machine
    /// All that were asked for, those that are missing too.
    let peers: [PeerDescription]
    let reference: String
    let rounds: Int
    let seconds: Double
    let workloads: [Workload]
    /// What was asked for and could not be measured, with the reason.
    var notes: [String] = []
    var summaries: [Summary] = []
    var runs: [Run] = []
    var failures: [Failure] = []
    var baseMemory: [BaseMemory] = []
    var picks: [Pick] = []
    var discovery: DiscoveryResult?
    var connections: ConnectionsResult?

    /// False when a run failed, or a trial found what must not be: a connection that failed, or something left behind.
    var isSound: Bool {
        failures.isEmpty && (discovery?.failures ?? 0) == 0 && (connections?.failed ?? 0) == 0
            && connections?.isEqual != false
    }

    func rows(of workload: Workload) -> [Summary] { summaries.filter { $0.workload == workload.name } }

    /// How far apart the CPUs of proxy and load were under a workload; nil where it does not matter or is not known.
    func distance(_ workload: Workload) -> String? {
        guard workload.kind != .idle else { return nil }
        let hops = runs.filter { $0.workload == workload.name }.flatMap(\.hops).filter { $0 > 0 }
        return Spread(hops).map { "a cache line takes \($0.scaled(by: 1)) ns from one CPU to the other" }
    }

    mutating func add(_ workload: Workload, _ result: (runs: [Run], failures: [Failure])) {
        let measured = peers.filter { $0.obstacle == nil }.map(\.name)
        summaries += measured.map { Summary(workload, peer: $0, reference: reference, runs: result.runs) }
            .filter { $0.rate != nil }
        runs += result.runs
        failures += result.failures
    }

    func writeJSON(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(self).write(to: URL(fileURLWithPath: path))
    }
}
