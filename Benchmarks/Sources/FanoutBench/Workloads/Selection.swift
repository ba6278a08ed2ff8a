import ArgumentParser

/// What `--workloads` names: loads that all peers get, and trials.
struct Selection {
    /// Beside the loads: memory at rest of every peer, and what concerns Fanout alone.
    enum Trial: String, CaseIterable {
        case memory
        case pick
        case discovery
        case connections
    }

    /// The names that are understood.
    static var names: String {
        let families = Workload.all.reduce(into: [String]()) { names, workload in
            let family = String(workload.name.prefix { $0 != "-" })
            if !names.contains(family) { names.append(family) }
        }
        return (families + Trial.allCases.map(\.rawValue)).joined(separator: ", ")
            + "; each alone too: \(Workload.all.map(\.name).joined(separator: ", "))"
    }

    let workloads: [Workload]
    let trials: [Trial]

    init(all workloads: [Workload]) {
        self.workloads = workloads
        trials = Trial.allCases
    }

    /// What a comma-separated list of names and of families (the part before the first dash) names.
    init(_ list: String) throws {
        var wanted: Set<Workload> = []
        var trials: [Trial] = []
        for name in list.split(separator: ",").map(String.init) {
            let exact = Workload.all.filter { $0.name == name }
            let family = exact.isEmpty ? Workload.all.filter { $0.name.hasPrefix(name + "-") } : exact
            if let trial = Trial(rawValue: name) {
                trials.append(trial)
            } else if family.isEmpty {
                throw ValidationError("no workload named \(name); there are: \(Self.names)")
            }
            wanted.formUnion(family)
        }
        workloads = Workload.all.filter(wanted.contains)
        self.trials = trials
    }
}
