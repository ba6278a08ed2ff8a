/// What came of one run.
struct FleetOutcome {
    let variant: Variant
    let phases: [Phase]
    /// The phase that the run is in.
    var phase = 0
    var windows: [Window] = []
    /// Looks of all registries.
    var looks = 0
    /// The least part of the endpoints that any sidecar had in its first tier.
    var leastUsable = 1.0
    /// How many sidecars chose each endpoint for their first connection.
    private(set) var firstChoices: [Int]
    private var hasChosen: [Bool]
    private let firstEndpoints: Int
    /// Nanoseconds, of the connections that were not served by their first connect, for each phase.
    private var added: [[UInt64]]

    /// - Parameters:
    ///   - endpoints: at the start.
    ///   - joining: those that come later.
    init(variant: Variant, phases: [Phase], sidecars: Int, endpoints: Int, joining: Int) {
        firstEndpoints = endpoints
        self.variant = variant
        self.phases = phases
        hasChosen = Array(repeating: false, count: sidecars)
        firstChoices = Array(repeating: 0, count: endpoints + joining)
        added = Array(repeating: [], count: phases.count)
    }

    mutating func noteChoice(_ sidecar: Int, _ site: Int) {
        guard !hasChosen[sidecar] else { return }
        hasChosen[sidecar] = true
        firstChoices[site] += 1
    }

    mutating func noteAdded(_ nanoseconds: UInt64) { added[phase].append(nanoseconds) }

    /// The greatest number of first choices, by the mean over all endpoints that there were.
    var firstChoiceImbalance: Double {
        Double(firstChoices.max() ?? 0) * Double(firstEndpoints) / Double(max(1, hasChosen.count { $0 }))
    }

    func windows(of phase: Int) -> [Window] { windows.filter { $0.phase == phase } }

    func figures(of phase: Int) -> PhaseFigures {
        PhaseFigures(phases[phase], windows(of: phase), added[phase])
    }
}

/// A phase of a run in numbers.
struct PhaseFigures {
    /// A window is settled when no more of its connections than this were troubled, and its variation is within a quarter,
    /// or ``smallVariation``, of what it comes to at the end of the phase.
    static let settledTrouble = 0.01
    static let smallVariation = 0.03
    /// So many windows at the end of a phase tell what it comes to.
    private static let tail = 4

    let name: String
    let connections: Int
    let errors: Int
    let failedTries: Int
    let hedges: Int
    /// Milliseconds before the connect that served: the mean of all connections, and what 999 of 1,000 do not exceed.
    let addedMean: Double
    let added999: Double
    /// At the end of the phase.
    let greatestByMean: Double
    let variation: Double
    /// The worst window of the phase.
    let worstVariation: Double
    /// New connections of newcomers by their fair share, in the worst window; nil where there are none.
    let newcomersPeak: Double?
    /// Seconds from the beginning of the phase to the first two settled windows; nil where there are none. What comes back
    /// after that, the windows show.
    let settled: Double?

    init(_ phase: Phase, _ windows: [Window], _ added: [UInt64]) {
        name = phase.name
        connections = windows.reduce(0) { $0 + $1.connections }
        errors = windows.reduce(0) { $0 + $1.errors }
        failedTries = windows.reduce(0) { $0 + $1.failedTries }
        hedges = windows.reduce(0) { $0 + $1.hedges }
        addedMean = windows.reduce(0) { $0 + $1.added } / Double(max(1, connections))
        // Those that are not in the list had none.
        let rank = Int(Double(connections) * 0.001)
        let sorted = added.sorted(by: >)
        added999 = rank < sorted.count ? Double(sorted[rank]) / 1e6 : 0
        let last = windows.suffix(Self.tail)
        let final = last.reduce(0) { $0 + $1.variation } / Double(max(1, last.count))
        variation = final
        greatestByMean = last.reduce(0) { $0 + $1.greatestByMean } / Double(max(1, last.count))
        worstVariation = windows.map(\.variation).max() ?? 0
        newcomersPeak = windows.compactMap(\.newcomersShare).max()
        let isSettled = windows.map {
            $0.troubledShare <= Self.settledTrouble
                && abs($0.variation - final) <= max(Self.smallVariation, final / 4)
        }
        let first = windows.indices.first { isSettled[$0] && isSettled[min($0 + 1, windows.count - 1)] }
        settled = first.map { Double($0) * Double(Window.length) / 1e9 }
    }
}
