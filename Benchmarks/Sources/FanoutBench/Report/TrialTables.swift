/// The trials of Fanout alone, as rows of text.
struct TrialTables {
    let report: BenchReport

    /// Sections, each with a title and rows whose cells are to be aligned.
    var sections: [(title: String, rows: [[String]])] {
        [report.discovery.map(discovery), report.connections.map(connections)].compactMap(\.self)
    }

    private func discovery(_ result: DiscoveryResult) -> (title: String, rows: [[String]]) {
        let header = ["peer", "", "p50 ms", "p99 ms", "max ms", "probes", "failed", "held lost"]
        func row(_ label: String, _ delays: Delays, _ counts: [String]) -> [String] {
            ["fanout", label, short(delays.p50), short(delays.p99), short(delays.maximum)] + counts
        }
        let counts = ["\(result.probes)", "\(result.failedProbes)", "\(result.heldLost) of \(result.held)"]
        let others = report.peers.filter { $0 != "fanout" }.map { peer in
            [peer] + header.dropFirst().map { $0.isEmpty ? "" : "-" }
        }
        return (
            "discovery: an endpoint joins and leaves \(result.changes) times; "
                + "from Nomad's answer to the first connection that follows",
            [
                header,
                row("joined", result.joined, counts),
                row("left", result.left, ["", "", ""]),
                row("no change", result.unchanged, ["", "", ""]),
            ] + others
        )
    }

    private func connections(_ result: ConnectionsResult) -> (title: String, rows: [[String]]) {
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
