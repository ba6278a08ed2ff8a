extension TopTables {
    /// What the log said of late that matters, the newest first.
    var events: TopTable {
        let all = state.reading?.status.events ?? []
        // Newest first, and told apart by what they are: the list moves on.
        let rows = all.reversed().enumerated().map { (id: "\($1.time) \($1.text)", row: $1) }
        return TopTable(
            rows,
            [
                TopColumn(
                    title: "UTC",
                    width: 8,
                    rank: 0,
                    isNumber: false,
                    text: { Self.clock($0.time) },
                    style: { _ in .dim }
                ),
                TopColumn(title: "LEVEL", width: 8, rank: 1, isNumber: false, text: \.level, style: Self.levelStyle),
                TopColumn(title: "EVENT", width: 20, rank: 0, isNumber: false, text: \.text),
            ],
            order: nil,
            nothing: state.reading == nil ? "" : "no event yet",
            detail: { [$0.text] }
        )
    }

    /// The time of day in UTC.
    private static func clock(_ time: Double) -> String {
        var line = LineBuffer()
        line.append(epochNanoseconds: UInt64(max(0, min(time, 1e10)) * 1e9), precision: .milliseconds)
        return String(line.text.dropFirst("2026-11-23T".count).prefix("19:03:39".count))
    }

    private static func levelStyle(_ event: StatusReport.Event) -> Style {
        switch event.level {
        case "error", "critical": Style(colour: .red)
        case "warning": Style(colour: .yellow)
        case _: .dim
        }
    }
}
