/// Nanoseconds for the choice of an endpoint over the number of endpoints, a line for each number of workers.
struct PickPlot {
    private static let width = 640.0
    private static let left = 70.0
    private static let bottom = 225.0
    private static let colours = ["#e8552d", "#c99a06", "#23913f", "#2573b8"]

    let picks: [Pick]

    var svg: String {
        let shown = picks.filter { $0.policy == "least-connections" }
        guard !shown.isEmpty else { return "" }
        let x = LogScale(shown.map { Double($0.endpoints) }, from: Self.left, to: Self.width - 110)
        let y = LogScale(shown.map(\.nanoseconds), from: Self.bottom, to: 14)
        var drawing = Drawing(width: Self.width, height: 270, label: "cost of the choice of an endpoint")
        for tick in y.ticks {
            drawing.line(x1: Self.left, y1: y.place(tick), x2: Self.width - 110, y2: y.place(tick))
            drawing.text("\(short(tick)) ns", x: Self.left - 7, y: y.place(tick) + 4, .end)
        }
        for count in Set(shown.map(\.endpoints)).sorted() {
            drawing.text("\(count)", x: x.place(Double(count)), y: Self.bottom + 18, .middle)
        }
        for (index, workers) in Set(shown.map(\.workers)).sorted().enumerated() {
            let line = shown.filter { $0.workers == workers }
                .map { (x: x.place(Double($0.endpoints)), y: y.place($0.nanoseconds)) }
            let colour = Self.colours[index % Self.colours.count]
            let title = "\(workers) worker\(workers == 1 ? "" : "s")"
            drawing.path(line, colour: colour, title: title, strong: false)
            if let end = line.last { drawing.text(title, x: end.x + 8, y: end.y + 4) }
        }
        drawing.text("endpoints; policy least-connections", x: (Self.left + Self.width - 110) / 2, y: 262, .middle)
        return drawing.svg
    }
}
