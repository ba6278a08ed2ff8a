/// CPU time per unit of each peer divided by the reference's: a row for each workload, a dot for each peer.
struct RatioPlot {
    private static let rowHeight = 22.0
    private static let left = 150.0
    private static let width = 900.0
    private static let top = 28.0

    let report: BenchReport

    var svg: String {
        let rows: [(workload: Workload, summaries: [Summary])] = report.workloads.compactMap { workload in
            let summaries = report.rows(of: workload).filter { $0.ratio != nil }
            return workload.kind == .idle || summaries.isEmpty ? nil : (workload, summaries)
        }
        let ratios = rows.flatMap { row in row.summaries.compactMap { $0.ratio?.median } }
        guard !rows.isEmpty else { return "" }
        let scale = LogScale(ratios + [1], from: Self.left, to: Self.width - 20)
        let bottom = Self.top + Double(rows.count) * Self.rowHeight
        var drawing = Drawing(
            width: Self.width,
            height: bottom + 40,
            label: "CPU time per unit of work of each peer divided by that of \(report.reference)"
        )
        for tick in scale.ticks {
            let x = scale.place(tick)
            drawing.line(x1: x, y1: Self.top - 8, x2: x, y2: bottom, strong: tick == 1)
            drawing.text(tick == 1 ? "1 = \(report.reference)" : short(tick), x: x, y: Self.top - 13, .middle)
        }
        for (index, row) in rows.enumerated() {
            let y = Self.top + (Double(index) + 0.5) * Self.rowHeight
            drawing.line(x1: Self.left, y1: y, x2: Self.width - 20, y2: y)
            drawing.text(row.workload.name, x: Self.left - 10, y: y + 4, .end)
            for summary in row.summaries {
                guard let ratio = summary.ratio else { continue }
                let isDoubtful = !summary.marks.isEmpty
                drawing.dot(
                    x: scale.place(ratio.median),
                    y: y,
                    colour: Palette.colour(summary.peer),
                    hollow: isDoubtful,
                    title: "\(summary.peer): \(ratio.scaled(by: 1))\(isDoubtful ? ", not at equal conditions" : "")"
                )
            }
        }
        drawing.text(
            "CPU time per unit of work, times \(report.reference)'s (logarithmic); right of 1 the peer spends more",
            x: (Self.left + Self.width - 20) / 2,
            y: bottom + 24,
            .middle
        )
        return drawing.svg
    }
}
