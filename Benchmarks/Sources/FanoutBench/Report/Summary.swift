import Foundation

/// One peer under one workload in one round.
struct Run: Codable {
    let workload: Workload
    let peer: String
    let round: Int
    let measurement: Measurement

    /// CPU seconds of the peer per unit of work; nil without work.
    var cpuPerUnit: Double? {
        measurement.units > 0 ? measurement.cpuSeconds / measurement.units : nil
    }

    var rate: Double { measurement.units / measurement.seconds }

    /// Share of one CPU that the peer used.
    var utilisation: Double { measurement.cpuSeconds / measurement.seconds }

    /// Share of one CPU that load and backend used.
    var loadUtilisation: Double { measurement.loadCPUSeconds / measurement.seconds }

    /// Bytes for each held connection.
    func perConnection(_ field: KeyPath<MemoryUse, Int>) -> Double? {
        guard let before = measurement.memoryBefore, let held = measurement.memoryHeld else { return nil }
        return Double(held[keyPath: field] - before[keyPath: field]) / Double(workload.connections)
    }
}

/// A row of the report: all rounds of one peer under one workload.
struct Summary: Codable {
    /// Rows whose utilisation differs by more than this from the reference's are marked: cost per unit depends on it.
    static let utilisationTolerance = 0.15

    let workload: Workload
    let peer: String
    let cpuPerUnit: Spread?
    /// The peer's CPU time per unit divided by the reference's, same round against same round; nil for the reference.
    let ratio: Spread?
    let rate: Spread?
    let p50: Spread?
    let p99: Spread?
    let utilisation: Spread?
    let loadUtilisation: Spread?
    let errors: Int
    let residentPerConnection: Spread?
    let anonymousPerConnection: Spread?
    let residentBefore: Spread?
    let utilisationDiffers: Bool

    init(_ workload: Workload, peer: String, reference: String, runs: [Run]) {
        let mine = runs.filter { $0.workload == workload && $0.peer == peer }
        let others = runs.filter { $0.workload == workload && $0.peer == reference }
        self.workload = workload
        self.peer = peer
        cpuPerUnit = Spread(mine.compactMap(\.cpuPerUnit))
        let ratios: [Double] = mine.compactMap { run in
            guard let cost = run.cpuPerUnit,
                let base = others.first(where: { $0.round == run.round })?.cpuPerUnit, base > 0
            else { return nil }
            return cost / base
        }
        ratio = peer == reference ? nil : Spread(ratios)
        rate = Spread(mine.map(\.rate))
        p50 = Spread(mine.map(\.measurement.p50).filter { $0 > 0 })
        p99 = Spread(mine.map(\.measurement.p99).filter { $0 > 0 })
        utilisation = Spread(mine.map(\.utilisation))
        loadUtilisation = Spread(mine.map(\.loadUtilisation))
        errors = mine.reduce(0) { $0 + $1.measurement.errors }
        residentPerConnection = Spread(mine.compactMap { $0.perConnection(\.resident) })
        anonymousPerConnection = Spread(mine.compactMap { $0.perConnection(\.anonymous) })
        residentBefore = Spread(mine.compactMap { $0.measurement.memoryBefore.map { Double($0.resident) } })
        let base = Spread(others.map(\.utilisation))?.median
        let difference = abs((utilisation?.median ?? 0) - (base ?? utilisation?.median ?? 0))
        utilisationDiffers = workload != .idle && difference > Self.utilisationTolerance
    }
}

/// Everything a run of the harness found; the JSON file is this.
struct BenchReport: Codable {
    let machine: Machine
    let versions: [String: String]
    let reference: String
    let rounds: Int
    let seconds: Double
    let summaries: [Summary]
    let runs: [Run]
    /// All peers that were asked for; the trials below are Fanout's alone.
    let peers: [String]
    let discovery: DiscoveryResult?
    let connections: ConnectionsResult?

    /// False when a trial found what must not be: a connection that failed, or something left behind.
    var isSound: Bool {
        (discovery?.failures ?? 0) == 0 && (connections?.failed ?? 0) == 0 && connections?.isEqual != false
    }

    func writeJSON(to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(self).write(to: URL(fileURLWithPath: path))
    }
}
