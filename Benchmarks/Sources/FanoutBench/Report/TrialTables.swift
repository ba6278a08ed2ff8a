/// The trials, as rows of text.
struct TrialTables {
    let report: BenchReport

    typealias Section = (title: String, rows: [[String]])

    /// The title of a trial and rows whose cells are to be aligned; nil before it has been run.
    subscript(_ trial: Selection.Trial) -> Section? {
        switch trial {
        case .memory: memory
        case .pick: pick
        case .discovery: report.discovery.map(discovery)
        case .connections: report.connections.map(connections)
        }
    }

    private var memory: Section? {
        guard !report.baseMemory.isEmpty else { return nil }
        func mebibytes(_ bytes: Int) -> String { short(Double(bytes) / Double(1 << 20)) }
        return (
            "memory at rest with \(BaseMemory.workers) workers and no connection, in MiB; "
                + "PSS divides what processes share between them",
            [["peer", "RSS", "PSS", "anonymous", "processes", "threads"]]
                + report.baseMemory.map {
                    [
                        $0.peer, mebibytes($0.memory.resident), mebibytes($0.memory.proportional),
                        mebibytes($0.memory.anonymous), "\($0.processes)", "\($0.threads)",
                    ]
                }
        )
    }

    private var pick: Section? {
        guard !report.picks.isEmpty else { return nil }
        let policies = report.picks.reduce(into: [String]()) { if !$0.contains($1.policy) { $0.append($1.policy) } }
        let workers = Set(report.picks.map(\.workers)).sorted()
        let endpoints = Set(report.picks.map(\.endpoints)).sorted()
        let rows = policies.flatMap { policy in
            workers.map { count in
                let cells = endpoints.map { number in
                    report.picks.first { $0.policy == policy && $0.workers == count && $0.endpoints == number }
                        .map { short($0.nanoseconds) } ?? "-"
                }
                return [policy, "\(count)"] + cells
            }
        }
        return (
            "pick: nanoseconds for the choice of an endpoint of so many, by the number of workers (fanout)",
            [["policy", "workers"] + endpoints.map(String.init)] + rows
        )
    }

    private func discovery(_ result: DiscoveryResult) -> Section {
        let header = ["peer", "", "p50 ms", "p99 ms", "max ms", "probes", "failed", "held lost"]
        func row(_ label: String, _ delays: Delays, _ counts: [String]) -> [String] {
            ["fanout", label, short(delays.p50), short(delays.p99), short(delays.maximum)] + counts
        }
        let counts = ["\(result.probes)", "\(result.failedProbes)", "\(result.heldLost) of \(result.held)"]
        return (
            "discovery: an endpoint joins and leaves \(result.changes) times; "
                + "from Nomad's answer to the first connection that follows",
            [
                header,
                row("joined", result.joined, counts),
                row("left", result.left, ["", "", ""]),
                row("no change", result.unchanged, ["", "", ""]),
            ]
        )
    }

    private func connections(_ result: ConnectionsResult) -> Section {
        func row(_ label: String, _ field: KeyPath<ProxyState, Int>) -> [String] {
            let before = result.before[keyPath: field]
            let after = result.after[keyPath: field]
            return [label, "\(before)", "\(after)", before == after ? "equal" : "NOT EQUAL"]
        }
        func mebibytes(_ memory: MemoryUse) -> String { short(Double(memory.resident) / Double(1 << 20)) }
        return (
            "connections: \(result.connections) short ones through fanout in \(short(result.seconds)) s, "
                + "\(result.failed) failed; its state at rest before and after: "
                + (result.isEqual ? "equal" : "not equal"),
            [
                ["", "before", "after", ""],
                row("descriptors", \.descriptors),
                row("pending operations", \.pendingOperations),
                row("free buffers", \.freeBuffers),
                row("connections", \.connections),
                row("active", \.active),
                ["RSS MiB", mebibytes(result.memoryBefore), mebibytes(result.memoryAfter), ""],
            ]
        )
    }
}
