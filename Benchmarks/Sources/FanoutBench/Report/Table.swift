/// The report as text for a terminal.
struct Table {
    let report: BenchReport

    var text: String {
        var lines = report.machine.description
        lines.append(
            "proxies on CPU \(Harness.proxyCPU), load and backend on CPU \(Harness.loadCPU); "
                + "\(report.rounds) rounds of \(short(report.seconds)) s, interleaved; median (min-max)"
        )
        lines.append("ratio: CPU per unit against \(report.reference)'s of the same round; 0.9 to 1.1 proves nothing")
        lines.append("utilisation: share of a CPU that the peer used; load: what load and backend used of theirs")
        for (peer, version) in report.versions.sorted(by: { $0.key < $1.key }) where !version.isEmpty {
            lines.append("\(peer): \(version)")
        }
        for workload in Workload.allCases {
            let rows = report.summaries.filter { $0.workload == workload }
            guard !rows.isEmpty else { continue }
            lines += ["", "\(workload.rawValue): \(workload.summary)"]
            lines += aligned([header(workload)] + rows.map(row))
        }
        for (title, rows) in TrialTables(report: report).sections {
            lines += ["", title]
            lines += aligned(rows)
        }
        if report.summaries.contains(where: \.utilisationDiffers) {
            lines += ["", "≠ utilisation differs by more than 15 points from \(report.reference)'s: compare with care"]
        }
        return lines.joined(separator: "\n")
    }

    private func header(_ workload: Workload) -> [String] {
        let cost = workload.cost.label
        switch workload {
        case .idle: return ["peer", "RSS B/conn", "anonymous B/conn", "base RSS MiB", cost, "errors"]
        case .bulkUp, .bulkDown, .bulkBoth: return ["peer", cost, "ratio", "GiB/s", "utilisation", "load", "errors"]
        case .pingpong, .churn:
            return ["peer", cost, "ratio", "1/s", "p50 µs", "p99 µs", "utilisation", "load", "errors"]
        }
    }

    private func row(_ summary: Summary) -> [String] {
        func cell(_ spread: Spread?, _ factor: Double = 1) -> String { spread?.scaled(by: factor) ?? "-" }
        let cost = cell(summary.cpuPerUnit, summary.workload.cost.scale)
        let utilisation = cell(summary.utilisation, 100) + " %" + (summary.utilisationDiffers ? " ≠" : "")
        let load = short((summary.loadUtilisation?.median ?? 0) * 100) + " %"
        let errors = String(summary.errors)
        switch summary.workload {
        case .idle:
            return [
                summary.peer, cell(summary.residentPerConnection), cell(summary.anonymousPerConnection),
                cell(summary.residentBefore, 1 / Double(1 << 20)), cost, errors,
            ]
        case .bulkUp, .bulkDown, .bulkBoth:
            return [summary.peer, cost, cell(summary.ratio), cell(summary.rate), utilisation, load, errors]
        case .pingpong, .churn:
            return [
                summary.peer, cost, cell(summary.ratio), cell(summary.rate), cell(summary.p50), cell(summary.p99),
                utilisation, load, errors,
            ]
        }
    }

    /// Columns of equal width, two spaces apart.
    private func aligned(_ rows: [[String]]) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
        }
    }
}
