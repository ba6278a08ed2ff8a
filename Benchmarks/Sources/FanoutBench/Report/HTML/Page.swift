/// The report as one page without outside resources.
struct Page {
    let report: BenchReport

    private var table: Table { Table(report: report) }
    private var measured: [String] { report.peers.filter { $0.obstacle == nil }.map(\.name) }

    var html: String {
        let body = [head, overview, workloads, scaling, trials, peers, method].joined(separator: "\n")
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>Fanout beside its peers</title><style>\(pageStyle)</style></head>
            <body>\(body)</body></html>

            """
    }

    private var head: String {
        let lines = report.machine.description.map { line in
            element("p", line.hasPrefix("warning") ? "class=\"warning\"" : "class=\"quiet\"", escaped(line))
        }
        let conditions =
            "\(report.rounds) rounds of \(short(report.seconds)) s a run, peers in turn within each round; "
            + "figures are medians (minimum-maximum) over the rounds. Proxies on CPU \(Harness.proxyCPU), load and "
            + "backend on CPU \(Harness.loadCPU), one worker each unless said otherwise."
        let missing = report.peers.compactMap { peer in peer.obstacle.map { "\(peer.name): not measured, \($0)" } }
        let failed = report.failures.map(\.description)
        let warnings = (missing + report.notes + failed).map { element("p", "class=\"warning\"", escaped($0)) }
        return element("h1", "Fanout beside its peers") + element("p", escaped(conditions)) + lines.joined()
            + warnings.joined()
    }

    private var overview: String {
        element("h2", "CPU time per unit of work") + Palette.legend(measured)
            + RatioPlot(report: report).svg
            + element(
                "p",
                "class=\"quiet\"",
                "Each ratio is the median of the ratios within one round. Hollow dots are not at equal conditions: the "
                    + "utilisation differs by more than 15 points (≠ in the tables), the CPUs were never as far apart (↔), or there were "
                    + "errors (†). 0.9 to 1.1 "
                    + "proves nothing."
            )
    }

    private var workloads: String {
        element("h2", "Workloads") + Palette.legend(measured)
            + report.workloads.map { workload in
                let rows = report.rows(of: workload)
                let cells = [table.header(workload)] + rows.map { table.row($0, workload) }
                return element("h3", escaped(workload.name))
                    + element(
                        "p",
                        "class=\"quiet\"",
                        escaped(
                            [workload.summary, report.distance(workload)].compactMap(\.self).joined(separator: "; ")
                        )
                    )
                    + htmlTable(cells, colouring: measured)
                    + (workload.kind == .idle ? idlePlot(rows) : LatencyPlot(workload: workload, summaries: rows).svg)
            }.joined()
    }

    private func idlePlot(_ rows: [Summary]) -> String {
        let bars: [BarPlot.Row] = rows.compactMap { row in
            guard let user = row.residentPerConnection?.median, row.peer != "direct" else { return nil }
            let kernel = row.kernelPerConnection?.median ?? 0
            let note = "\(short(user)) B user + \(short(kernel)) B kernel" + (row.errors > 0 ? ", with errors" : "")
            return BarPlot.Row(label: row.peer, peer: row.peer, parts: [user, max(0, kernel)], note: note)
        }
        return BarPlot(label: "bytes for each idle connection, user and kernel (faint)", rows: bars).svg
    }

    private var scaling: String {
        let families = report.workloads.filter { $0.scaledWorkers == 1 }
        let plots = families.map { one in
            let family = report.workloads.filter { $0.scaledWorkers != nil && $0.kind == one.kind }
            let bars = measured.flatMap { peer in
                family.compactMap { workload -> BarPlot.Row? in
                    let row = report.rows(of: workload).first { $0.peer == peer }
                    guard let rate = row?.rate else { return nil }
                    let label = "\(peer), \(workload.workers) worker\(workload.workers == 1 ? "" : "s")"
                    return BarPlot.Row(label: label, peer: peer, parts: [rate.median], note: "\(short(rate.median))/s")
                }
            }
            return element("h3", escaped("\(one.unit)s a second")) + BarPlot(label: one.name, rows: bars).svg
        }
        guard !plots.isEmpty else { return "" }
        return element("h2", "Scaling over workers")
            + element(
                "p",
                "class=\"quiet\"",
                "Here the proxy may use all CPUs, and the load shares them: what a second worker gains is bounded by "
                    + "what the load takes."
            ) + plots.joined()
    }

    private var trials: String {
        Selection.Trial.allCases.compactMap { trial in
            guard let section = TrialTables(report: report)[trial] else { return nil }
            return element("h2", escaped(trial.rawValue)) + element("p", "class=\"quiet\"", escaped(section.title))
                + (trial == .pick ? PickPlot(picks: report.picks).svg : "")
                + htmlTable(section.rows, colouring: trial == .memory ? measured : [])
        }.joined()
    }

    private var peers: String {
        element("h2", "Peers")
            + report.peers.map { peer in
                let state = peer.obstacle.map { "not measured: \($0)" } ?? peer.version
                let command = peer.commandLine.isEmpty ? "" : element("pre", escaped(peer.commandLine))
                let file = peer.configuration.isEmpty ? "" : element("pre", escaped(peer.configuration))
                let contents = element("summary", "configuration") + command + file
                let details = command.isEmpty ? "" : element("details", contents)
                return element("h3", Palette.swatch(peer.name) + escaped(peer.name))
                    + element("p", escaped(peer.title) + (state.isEmpty ? "" : "; " + escaped(state))) + details
            }.joined()
    }

    private var method: String {
        element("h2", "Method") + element("ul", methodNotes.map { element("li", escaped($0)) }.joined())
    }
}
