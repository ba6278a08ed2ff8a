import Foundation

/// Latency over the share of operations that are as fast or faster, with the tail drawn out: the distance to all of
/// them is logarithmic.
struct LatencyPlot {
    private static let marks: [Double] = [0.5, 0.9, 0.99, 0.999, 0.9999]
    private static let width = 520.0
    private static let height = 250.0
    private static let left = 62.0
    private static let bottom = 205.0

    let workload: Workload
    let summaries: [Summary]

    /// Empty when there are no curves.
    var svg: String {
        let drawn = summaries.filter { $0.curve.count == Histogram.curve.count }
        let values = drawn.flatMap(\.curve).filter { $0 > 0 }
        guard !values.isEmpty else { return "" }
        let y = LogScale(values, from: Self.bottom, to: 14)
        var drawing = Drawing(
            width: Self.width,
            height: Self.height,
            label: "latency percentiles of \(workload.name) for each peer"
        )
        for tick in y.ticks {
            let place = y.place(tick)
            drawing.line(x1: Self.left, y1: place, x2: Self.width - 12, y2: place)
            drawing.text(duration(tick), x: Self.left - 7, y: place + 4, .end)
        }
        for mark in Self.marks {
            let x = place(mark)
            drawing.line(x1: x, y1: 14, x2: x, y2: Self.bottom)
            drawing.text("\(String(format: "%g", mark * 100)) %", x: x, y: Self.bottom + 17, .middle)
        }
        for summary in drawn {
            let points = zip(Histogram.curve, summary.curve).filter { $1 > 0 }.map { (place($0), y.place($1)) }
            drawing.path(
                points,
                colour: Palette.colour(summary.peer),
                title: summary.peer,
                strong: summary.peer == "fanout"
            )
        }
        drawing.text("share of \(workload.unit)s at most as slow", x: (Self.left + Self.width) / 2, y: 243, .middle)
        return drawing.svg
    }

    /// Shares near 1 lie apart as their distances to it do.
    private func place(_ share: Double) -> Double {
        let most = -log10(1 - (Histogram.curve.last ?? 0.9999))
        return Self.left + -log10(1 - share) / most * (Self.width - 30 - Self.left)
    }

    private func duration(_ microseconds: Double) -> String {
        let units = [("s", 1e6), ("ms", 1e3), ("µs", 1)]
        let (unit, size) = units.first { microseconds >= $0.1 } ?? ("µs", 1)
        return String(format: "%g ", microseconds / size) + unit
    }
}
