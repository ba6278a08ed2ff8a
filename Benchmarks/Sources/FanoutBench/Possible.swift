/// What of a selection can be run here, and why the rest cannot.
struct Possible {
    private(set) var workloads: [Workload] = []
    private(set) var trials: [Selection.Trial] = []
    private(set) var notes: [String] = []

    /// - Parameter obstacles: reasons by the name of a workload's family.
    init(_ selection: Selection, programs: ProgramOptions, obstacles: [String: String], hasFanout: Bool) {
        for workload in selection.workloads {
            if let why = Self.obstacle(workload, obstacles) {
                notes.append("\(workload.name): MISSING: \(why)")
            } else {
                workloads.append(workload)
            }
        }
        for trial in selection.trials {
            if let why = Self.obstacle(trial, programs, hasFanout: hasFanout) {
                notes.append("\(trial.rawValue): MISSING: \(why)")
            } else {
                trials.append(trial)
            }
        }
    }

    private static func obstacle(_ workload: Workload, _ obstacles: [String: String]) -> String? {
        if let software = workload.software { return software.obstacle ?? obstacles[workload.kind.rawValue] }
        guard workload.descriptors > Limits.descriptors else { return nil }
        return "needs \(workload.descriptors) descriptors, a process may have \(Limits.descriptors) (ulimit -n)"
    }

    private static func obstacle(_ trial: Selection.Trial, _ programs: ProgramOptions, hasFanout: Bool) -> String? {
        switch trial {
        case .memory: nil
        case .pick: programs.pickBench == nil ? "needs --pick-bench" : nil
        case .discovery where programs.nomadDouble == nil: "needs --nomad-double"
        case .discovery, .connections: hasFanout ? nil : "needs --fanout, and fanout among --peers"
        }
    }
}
