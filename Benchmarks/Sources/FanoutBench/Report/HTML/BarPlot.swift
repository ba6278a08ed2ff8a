/// Horizontal bars, one for each row, each made of parts.
struct BarPlot {
    struct Row {
        let label: String
        let peer: String
        /// The second and later parts are drawn faint.
        let parts: [Double]
        let note: String
    }

    private static let rowHeight = 20.0
    private static let left = 160.0
    private static let width = 760.0

    let label: String
    let rows: [Row]

    var svg: String {
        let most = rows.map { $0.parts.reduce(0, +) }.max() ?? 0
        guard most > 0 else { return "" }
        let scale = (Self.width - Self.left - 300) / most
        var drawing = Drawing(width: Self.width, height: Double(rows.count) * Self.rowHeight + 8, label: label)
        for (index, row) in rows.enumerated() {
            let y = Double(index) * Self.rowHeight + 4
            drawing.text(row.label, x: Self.left - 8, y: y + 13, .end)
            var x = Self.left
            for (part, value) in row.parts.enumerated() {
                drawing.bar(
                    x: x,
                    y: y,
                    width: value * scale,
                    height: Self.rowHeight - 5,
                    colour: Palette.colour(row.peer),
                    faint: part > 0,
                    title: "\(row.label): \(row.note)"
                )
                x += max(0, value) * scale
            }
            drawing.text(row.note, x: x + 7, y: y + 13)
        }
        return drawing.svg
    }
}
