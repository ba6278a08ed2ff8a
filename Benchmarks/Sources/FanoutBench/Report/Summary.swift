/// A row of the report: all rounds of one peer under one workload.
struct Summary: Codable {
    /// Rows whose utilisation differs by more than this from the reference's are marked: cost per unit depends on it.
    static let utilisationTolerance = 0.15

    let workload: String
    let peer: String
    let cpuPerUnit: Spread?
    /// The peer's CPU time per unit divided by the reference's, same round against same round; nil for the reference. Of rounds
    /// with the CPUs as far apart for both, where there are any.
    let ratio: Spread?
    /// No round had the CPUs as far apart for both.
    let distanceDiffers: Bool
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

    /// Why the ratio is not one at equal conditions, as marks; empty when it is.
    var marks: String {
        [(utilisationDiffers, "≠"), (distanceDiffers, "↔"), (errors > 0, "†")].map { $0 ? " " + $1 : "" }.joined()
    }

    /// From the runs of one workload.
    init(_ workload: Workload, peer: String, reference: String, runs: [Run]) {
        let mine = runs.filter { $0.peer == peer }
        func sameRound(_ run: Run, of peer: String) -> Run? {
            runs.first { $0.peer == peer && $0.round == run.round }
        }
        self.workload = workload.name
        self.peer = peer
        cpuPerUnit = Spread(mine.compactMap(\.cpuPerUnit))
        let pairs = mine.compactMap { run in sameRound(run, of: reference).map { (run: run, base: $0) } }
        let alike = pairs.filter { $0.run.isAsFar(as: $0.base) }
        let ratios = (alike.isEmpty ? pairs : alike).compactMap { pair in
            pair.run.cpuPerUnit.flatMap { cost in pair.base.cpuPerUnit.map { cost / $0 } }
        }
        ratio = peer == reference ? nil : Spread(ratios)
        distanceDiffers = ratio != nil && alike.isEmpty
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
