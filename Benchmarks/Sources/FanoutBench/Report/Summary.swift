/// One peer under one workload in one round.
struct Run: Codable {
    let workload: String
    let peer: String
    let round: Int
    let measurement: Measurement

    /// CPU seconds of the peer per unit of work; nil without work or without a peer.
    var cpuPerUnit: Double? {
        measurement.units > 0 && measurement.cpuSeconds > 0 ? measurement.cpuSeconds / measurement.units : nil
    }

    var rate: Double { measurement.units / measurement.seconds }

    /// Share of one CPU that the peer used.
    var utilisation: Double { measurement.cpuSeconds / measurement.seconds }

    /// Share of one CPU that load and backend used.
    var loadUtilisation: Double { measurement.loadCPUSeconds / measurement.seconds }

    /// Bytes of user memory for each held connection.
    func perConnection(_ field: KeyPath<MemoryUse, Int>) -> Double? {
        guard let before = measurement.memoryBefore, let held = measurement.memoryHeld, measurement.held > 0
        else { return nil }
        return Double(held[keyPath: field] - before[keyPath: field]) / Double(measurement.held)
    }

    /// Bytes by which the kernel's memory grew for each held connection, both ends of the load included.
    var kernelPerConnection: Double? {
        guard let before = measurement.kernelBefore, let held = measurement.kernelHeld, measurement.held > 0
        else { return nil }
        return Double(held.bytes - before.bytes) / Double(measurement.held)
    }
}

/// A run that did not come to its end; without peer and round where a whole trial did not.
struct Failure: Codable {
    let workload: String
    let peer: String?
    let round: Int?
    let why: String

    var description: String {
        let place = [workload, peer, round.map { "round \($0)" }].compactMap(\.self).joined(separator: ", ")
        return "\(place): FAILED: \(why)"
    }
}

/// A row of the report: all rounds of one peer under one workload.
struct Summary: Codable {
    /// Rows whose utilisation differs by more than this from the reference's are marked: cost per unit depends on it.
    static let utilisationTolerance = 0.15

    let workload: String
    let peer: String
    let cpuPerUnit: Spread?
    /// The peer's CPU time per unit divided by the reference's, same round against same round; nil for the reference.
    let ratio: Spread?
    let rate: Spread?
    let p50: Spread?
    let p99: Spread?
    let p999: Spread?
    /// Medians at each of ``Histogram/curve``, in microseconds.
    let curve: [Double]
    let utilisation: Spread?
    let loadUtilisation: Spread?
    let errors: Int
    let residentPerConnection: Spread?
    let anonymousPerConnection: Spread?
    /// Less what the direct run's connections cost in the same round; nil without a direct run.
    let kernelPerConnection: Spread?
    let utilisationDiffers: Bool

    /// From the runs of one workload.
    init(_ workload: Workload, peer: String, reference: String, runs: [Run]) {
        let mine = runs.filter { $0.peer == peer }
        func sameRound(_ run: Run, of peer: String) -> Run? {
            runs.first { $0.peer == peer && $0.round == run.round }
        }
        self.workload = workload.name
        self.peer = peer
        cpuPerUnit = Spread(mine.compactMap(\.cpuPerUnit))
        let ratios: [Double] = mine.compactMap { run in
            guard let cost = run.cpuPerUnit, let base = sameRound(run, of: reference)?.cpuPerUnit else { return nil }
            return cost / base
        }
        ratio = peer == reference ? nil : Spread(ratios)
        rate = Spread(mine.map(\.rate))
        p50 = Spread(mine.map(\.measurement.p50).filter { $0 > 0 })
        p99 = Spread(mine.map(\.measurement.p99).filter { $0 > 0 })
        p999 = Spread(mine.map(\.measurement.p999).filter { $0 > 0 })
        let curves = mine.map(\.measurement.curve).filter { !$0.isEmpty }
        curve = Histogram.curve.indices.compactMap { index in Spread(curves.map { $0[index] })?.median }
        utilisation = Spread(mine.filter { $0.cpuPerUnit != nil }.map(\.utilisation))
        loadUtilisation = Spread(mine.map(\.loadUtilisation))
        errors = mine.reduce(0) { $0 + $1.measurement.errors }
        residentPerConnection = Spread(mine.compactMap { $0.perConnection(\.resident) })
        anonymousPerConnection = Spread(mine.compactMap { $0.perConnection(\.anonymous) })
        kernelPerConnection = Spread(
            mine.compactMap { run in
                guard run.peer != "direct", let whole = run.kernelPerConnection,
                    let floor = sameRound(run, of: "direct")?.kernelPerConnection
                else { return nil }
                return whole - floor
            }
        )
        let base = Spread(runs.filter { $0.peer == reference }.map(\.utilisation))?.median
        let difference = abs((utilisation?.median ?? 0) - (base ?? 0))
        utilisationDiffers =
            workload.kind != .idle && utilisation != nil && base != nil && difference > Self.utilisationTolerance
    }
}
