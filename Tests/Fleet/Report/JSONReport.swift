/// The comparison as JSON: every phase's figures, and every window.
enum JSONReport {
    static func text(_ settings: FleetSettings, _ outcomes: [FleetOutcome], _ claims: [Claim]) -> String {
        let runs = outcomes.map { outcome in
            object([
                ("policy", string(outcome.variant.policy.rawValue)),
                ("health", "\(outcome.variant.hasHealth)"),
                ("slow_start", "\(outcome.variant.hasSlowStart)"),
                ("first_choice_max_by_mean", number(outcome.firstChoiceImbalance)),
                ("looks", "\(outcome.looks)"),
                ("phases", array(outcome.phases.indices.map { phase(outcome.figures(of: $0)) })),
                ("windows", array(outcome.windows.map(window))),
            ])
        }
        let checks = claims.map {
            object([("name", string($0.name)), ("holds", "\($0.holds)"), ("text", string($0.text))])
        }
        return object([
            ("sidecars", "\(settings.sidecars)"), ("endpoints", "\(settings.endpoints)"),
            ("rate", number(settings.rate)), ("hold_seconds", number(settings.hold)), ("seed", "\(settings.seed)"),
            ("claims", array(checks)), ("runs", array(runs)),
        ]) + "\n"
    }

    private static func phase(_ figures: PhaseFigures) -> String {
        object([
            ("name", string(figures.name)), ("connections", "\(figures.connections)"), ("errors", "\(figures.errors)"),
            ("failed_tries", "\(figures.failedTries)"), ("hedges", "\(figures.hedges)"),
            ("added_mean_ms", number(figures.addedMean)), ("added_p999_ms", number(figures.added999)),
            ("max_by_mean", number(figures.greatestByMean)), ("variation", number(figures.variation)),
            ("worst_variation", number(figures.worstVariation)),
            ("newcomers_peak", figures.newcomersPeak.map(number) ?? "null"),
            ("settled_seconds", figures.settled.map(number) ?? "null"),
        ])
    }

    private static func window(_ window: Window) -> String {
        object([
            ("end", number(window.end)), ("connections", "\(window.connections)"), ("errors", "\(window.errors)"),
            ("troubled", "\(window.troubled)"), ("variation", number(window.variation)),
            ("max_by_mean", number(window.greatestByMean)),
            ("newcomers_share", window.newcomersShare.map(number) ?? "null"),
        ])
    }

    private static func object(_ fields: [(String, String)]) -> String {
        "{" + fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    private static func array(_ items: [String]) -> String { "[" + items.joined(separator: ",\n") + "]" }

    /// Our own texts, which hold nothing to escape.
    private static func string(_ text: String) -> String { "\"\(text)\"" }

    private static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "null" }
}
