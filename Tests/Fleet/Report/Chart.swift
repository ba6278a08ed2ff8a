/// One drawing over time: a line for each run, and a band for each phase.
struct Chart: Sendable {
    let title: String
    let unit: String
    let value: @Sendable (Window) -> Double?

    private static let width = 1_000.0
    private static let height = 220.0
    private static let left = 60.0
    private static let top = 24.0

    static let all = [
        Chart(title: "Load over endpoints: coefficient of variation", unit: "") { $0.variation },
        Chart(title: "Load over endpoints: the greatest by the mean", unit: "") { $0.greatestByMean },
        Chart(title: "Clients that saw an error", unit: "%") { $0.errorShare * 100 },
        Chart(title: "Connections that needed more than one connect", unit: "%") { $0.troubledShare * 100 },
        Chart(title: "Time before the connect that served, mean", unit: "ms") {
            $0.added / Double(max(1, $0.connections))
        },
        Chart(title: "New connections of the newcomers by their fair share", unit: "") { $0.newcomersShare },
    ]

    /// An svg element; colours are the page's.
    func svg(_ outcomes: [FleetOutcome]) -> String {
        let length = outcomes.first?.windows.last?.end ?? 1
        let greatest = outcomes.flatMap { $0.windows.compactMap(value) }.max() ?? 0
        let ceiling = greatest > 0 ? greatest * 1.05 : 1
        func x(_ seconds: Double) -> Double { Self.left + seconds / length * (Self.width - Self.left) }
        func y(_ value: Double) -> Double { Self.top + (1 - value / ceiling) * Self.height }
        let bottom = Self.top + Self.height
        var parts = [
            "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(bottom) + 24)\" role=\"img\" aria-label=\"\(title)\">"
        ]
        var begin = 0.0
        for (index, phase) in (outcomes.first?.phases ?? []).enumerated() {
            let wide = x(begin + phase.seconds) - x(begin)
            let kind = index % 2 == 0 ? "band" : "band odd"
            parts.append(
                "<rect class=\"\(kind)\" x=\"\(decimal(x(begin)))\" y=\"\(Self.top)\" width=\"\(decimal(wide))\""
                    + " height=\"\(Self.height)\"/>"
                    + "<text x=\"\(decimal(x(begin) + 4))\" y=\"16\">\(phase.name)</text>"
            )
            begin += phase.seconds
        }
        for step in 0...4 {
            let level = ceiling * Double(step) / 4
            parts.append(
                "<line class=\"grid\" x1=\"\(Self.left)\" x2=\"\(Self.width)\" y1=\"\(decimal(y(level)))\""
                    + " y2=\"\(decimal(y(level)))\"/><text class=\"tick\" x=\"\(Self.left - 6)\""
                    + " y=\"\(decimal(y(level) + 4))\">\(decimal(level))\(unit)</text>"
            )
        }
        for second in stride(from: 0.0, through: length, by: 10) {
            parts.append("<text x=\"\(decimal(x(second)))\" y=\"\(bottom + 16)\">\(Int(second)) s</text>")
        }
        for (number, outcome) in outcomes.enumerated() {
            let points = outcome.windows.compactMap { window in
                value(window).map { "\(decimal(x(window.end))),\(decimal(y($0)))" }
            }
            parts.append(
                "<polyline class=\"line \(Self.style(outcome.variant))\" data-run=\"\(number)\""
                    + " points=\"\(points.joined(separator: " "))\"><title>\(outcome.variant.name)</title></polyline>"
            )
        }
        parts.append("</svg>")
        return parts.joined(separator: "\n")
    }

    /// A colour for the policy, and a kind of line for its helpers.
    static func style(_ variant: Variant) -> String {
        let lines =
            switch (variant.hasHealth, variant.hasSlowStart) {
            case (true, true): "both"
            case (true, false): "health"
            case (false, true): "slowstart"
            case (false, false): "neither"
            }
        return "\(variant.policy.rawValue) \(lines)"
    }
}
