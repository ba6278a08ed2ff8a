import ArgumentParser

/// What `--workloads` names: loads that all peers get, and trials of Fanout alone.
struct Selection {
    /// The names that are understood.
    static let names = "bulk (bulk-up, bulk-down, bulk-both), pingpong, churn, idle, discovery, connections"

    var workloads: [Workload] = []
    var discovery = false
    var connections = false

    /// Everything that can be run with the programs at hand.
    init(allWithFanout fanout: Bool, nomadDouble: Bool) {
        workloads = Workload.allCases
        discovery = fanout && nomadDouble
        connections = fanout
    }

    /// What a comma-separated list names.
    init(_ list: String) throws {
        for name in list.split(separator: ",") {
            switch name {
            case "bulk": workloads += [.bulkUp, .bulkDown, .bulkBoth]
            case "discovery": discovery = true
            case "connections": connections = true
            default:
                guard let workload = Workload(rawValue: String(name)) else {
                    throw ValidationError("no workload named \(name); there are: \(Self.names)")
                }
                workloads.append(workload)
            }
        }
        workloads = Workload.allCases.filter(workloads.contains)
    }
}
