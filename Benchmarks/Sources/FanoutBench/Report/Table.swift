/// The report as text for a terminal, piece by piece as it becomes known; and its cells, for the page too.
struct Table {
    let report: BenchReport

    /// What is known before the first run.
    var head: [String] {
        var lines = report.machine.description
        lines += [
            "proxies on CPU \(Harness.proxyCPU), load and backend on CPU \(Harness.loadCPU); "
                + "\(report.rounds) rounds of \(short(report.seconds)) s, interleaved; median (min-max)",
            "ratio: CPU per unit against \(report.reference)'s of the same round; 0.9 to 1.1 proves nothing",
            "utilisation: share of a CPU that the peer used; load: what load and backend used of theirs",
            "≠: utilisation differs by more than 15 points from \(report.reference)'s, which changes the cost of a unit",
            "↔: in no round were the two CPUs as far apart as for \(report.reference); rounds in which they were not are left out",
            "†: with errors, so not the same load",
        ]
        for peer in report.peers {
            lines.append("\(peer.name): " + (peer.obstacle.map { "MISSING: \($0)" } ?? peer.version))
        }
        return lines + report.notes
    }

    /// The rows of one workload.
    func section(_ workload: Workload) -> [String] {
        ["", "\(workload.name): \(workload.summary)", report.distance(workload)].compactMap(\.self)
            + Self.aligned([header(workload)] + report.rows(of: workload).map { row($0, workload) })
            + report.failures.filter { $0.workload == workload.name }
            .map(\.description)
    }

    func header(_ workload: Workload) -> [String] {
        let cost = workload.cost.label
        if workload.kind == .idle {
            return ["peer", "RSS B/conn", "anonymous B/conn", "kernel B/conn", cost, "errors"]
        }
        let latency = workload.isBulk ? [] : ["p50 µs", "p99 µs", "p99.9 µs"]
        return ["peer", cost, "ratio", workload.isBulk ? "GiB/s" : "1/s"] + latency + ["utilisation", "load", "errors"]
    }

    func row(_ summary: Summary, _ workload: Workload) -> [String] {
        func cell(_ spread: Spread?, _ factor: Double = 1) -> String { spread?.scaled(by: factor) ?? "-" }
        let cost = cell(summary.cpuPerUnit, workload.cost.scale)
        let isDirect = summary.peer == "direct"
        if workload.kind == .idle {
            return [
                summary.peer, isDirect ? "-" : cell(summary.residentPerConnection),
                isDirect ? "-" : cell(summary.anonymousPerConnection), cell(summary.kernelPerConnection), cost,
                String(summary.errors),
            ]
        }
        let latency = workload.isBulk ? [] : [cell(summary.p50), cell(summary.p99), cell(summary.p999)]
        let utilisation = summary.utilisation.map { short($0.median * 100) + " %" } ?? "-"
        let load = short((summary.loadUtilisation?.median ?? 0) * 100) + " %"
        return [summary.peer, cost, cell(summary.ratio) + summary.marks, cell(summary.rate)] + latency
            + [utilisation, load, String(summary.errors)]
    }

    /// Columns of equal width, two spaces apart.
    static func aligned(_ rows: [[String]]) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
        }
    }
}
