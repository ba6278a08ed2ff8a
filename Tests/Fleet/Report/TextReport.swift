/// The comparison as a table for the terminal.
enum TextReport {
    static let heads = [
        "max/mean", "CV", "worst CV", "errors", "failed", "hedges", "added ms", "p99.9 ms", "flood", "settled s",
    ]

    static func cells(_ figures: PhaseFigures) -> [String] {
        [
            decimal(figures.greatestByMean), decimal(figures.variation), decimal(figures.worstVariation),
            "\(figures.errors)", "\(figures.failedTries)", "\(figures.hedges)", decimal(figures.addedMean),
            decimal(figures.added999), figures.newcomersPeak.map(decimal) ?? "",
            figures.settled.map(decimal) ?? "never",
        ]
    }

    static func table(_ outcomes: [FleetOutcome]) -> String {
        let first = outcomes.map(\.variant.name.count).max() ?? 0
        var lines: [String] = []
        for (index, phase) in (outcomes.first?.phases ?? []).enumerated() {
            lines.append("")
            lines.append(
                phase.name.padded(to: first, atLeft: false) + heads.map { $0.padded(to: 10) }.joined()
            )
            for outcome in outcomes {
                let name = outcome.variant.name.padded(to: first, atLeft: false)
                lines.append(name + cells(outcome.figures(of: index)).map { $0.padded(to: 10) }.joined())
            }
        }
        return lines.joined(separator: "\n")
    }
}
