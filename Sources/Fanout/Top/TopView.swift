import Reactor

/// Draws a state: the state, the size and the time in, a frame out; nothing else is looked at.
struct TopView {
    let state: TopState
    let address: String
    let now: Deadline

    static let leastWidth = 40
    static let leastHeight = 10
    /// What the selected row is described in, below the table: a line and some rows, on a high terminal more.
    private static func detailRows(_ height: Int) -> Int { height < 18 ? 0 : min(8, height / 4) }

    private static let headerRows = 4

    func frame(width: Int, height: Int) -> Frame {
        var frame = Frame(width: width, height: height)
        guard width >= Self.leastWidth, height >= Self.leastHeight else {
            frame.put("\(width)x\(height) is too small: \(Self.leastWidth)x\(Self.leastHeight)", row: 0, column: 0)
            return frame
        }
        drawHeader(&frame)
        drawTabs(&frame, row: Self.headerRows - 1)
        if state.isHelpShown {
            drawHelp(&frame, from: Self.headerRows)
        } else {
            let end = height - 1 - Self.detailRows(height)
            let table = TopTables(state).table
            draw(table, &frame, rows: Self.headerRows..<end)
            drawDetail(table, &frame, rows: end..<height - 1)
        }
        let keys =
            state.isHelpShown
            ? "any key goes back   q quit" : "q quit   tab screens   ↑↓ rows   s sort   p pause   ? help"
        frame.put(keys, row: height - 1, column: 1, style: .dim)
        return frame
    }

    /// Everything at once for output that is no terminal: every row, and no keys.
    func page(width: Int) -> Frame {
        let screens: [TopScreen] = [.services, .endpoints]
        let tables = screens.map { ($0, TopTables(state).table(of: $0)) }
        let height = Self.headerRows + tables.reduce(0) { $0 + max(1, $1.1.ids.count) + 3 }
        var frame = Frame(width: width, height: height)
        drawHeader(&frame)
        var row = Self.headerRows - 1
        for (screen, table) in tables {
            frame.put(screen.title, row: row, column: 1, style: .bold)
            let end = row + 2 + max(1, table.ids.count)
            draw(table, &frame, rows: row + 1..<end, isChoosing: false)
            row = end + 1
        }
        return frame
    }

    // MARK: The head

    private func drawHeader(_ frame: inout Frame) {
        guard let reading = state.reading else {
            frame.put("fanout \(Version.current)", row: 0, column: 1, style: .bold)
            frame.put(notice.text, row: 2, column: 1, style: notice.style)
            return
        }
        let status = reading.status
        let rates = state.rates
        draw(
            [
                ("", "fanout \(status.version)"), ("", status.state.rawValue),
                ("up ", Figures.age(status.uptimeSeconds)),
                ("", status.driver), ("workers ", "\(status.workers.count)"),
                ("busy ", rates.busy.map(Figures.plain) ?? Figures.unknown), ("pid ", "\(status.pid)"),
            ],
            &frame,
            row: 0
        )
        draw(
            [
                ("connections ", "\(Figures.count(status.connections)) of \(Figures.count(status.maxConnections))"),
                ("new ", Figures.perSecond(rates.process.opened)), ("sent ", Figures.byteRate(rates.process.sent)),
                ("received ", Figures.byteRate(rates.process.received)), ("failed ", Figures.perSecond(rates.failed)),
            ],
            &frame,
            row: 1
        )
        frame.put(notice.text, row: 2, column: 1, style: notice.style)
        if state.failure != nil {
            for row in 0..<2 { frame.paint(row: row) { $0 = .dim } }
        }
    }

    /// Figures with their names, as many as there is room for.
    private func draw(_ items: [(name: String, value: String)], _ frame: inout Frame, row: Int) {
        var column = 1
        for (index, item) in items.enumerated() {
            let width = item.name.count + item.value.count
            guard index == 0 || column + width <= frame.width else { return }
            frame.put(item.name, row: row, column: column, style: .dim)
            frame.put(item.value, row: row, column: column + item.name.count, style: .bold)
            column += width + 3
        }
    }

    /// The one thing that is to be known before all else.
    private var notice: (text: String, style: Style) {
        if let failure = state.failure {
            let age =
                state.reading.map { ", its figures are \(Figures.age(Double(now.since($0.time)) / 1e9)) old" } ?? ""
            return ("no answer from \(address)\(age): \(failure)", Style(colour: .red, isBold: true))
        }
        if state.isPaused { return ("PAUSED: p goes on", Style(colour: .yellow, isBold: true)) }
        guard let status = state.reading?.status else { return ("asking \(address)", .dim) }
        if status.state != .ready {
            return (
                ([status.state.rawValue] + status.reasons).joined(separator: "; "), Style(colour: .yellow, isBold: true)
            )
        }
        let failing = status.services.filter(\.discovery.failing).map(\.service)
        guard !failing.isEmpty else { return ("", .plain) }
        return ("discovery fails for \(failing.joined(separator: ", "))", Style(colour: .yellow, isBold: true))
    }

    private func drawTabs(_ frame: inout Frame, row: Int) {
        var column = 1
        for screen in TopScreen.allCases {
            let text = " \(screen.rawValue + 1) \(screen.title) "
            let style = screen == state.screen ? Style(isBold: true, isInverse: true) : .plain
            frame.put(text, row: row, column: column, style: style)
            column += text.count + 1
        }
        guard state.screen == .connections, let report = state.reading?.connections, report.total > report.shown else {
            return
        }
        let text = "\(Figures.count(report.shown)) of \(Figures.count(report.total))"
        guard column + text.count < frame.width else { return }
        frame.put(text, row: row, column: frame.width - text.count - 1, style: .dim)
    }

    // MARK: The table

    private func draw(_ table: TopTable, _ frame: inout Frame, rows: Range<Int>, isChoosing: Bool = true) {
        let count = table.ids.count
        let room = rows.count - 1
        guard count > 0 else {
            frame.put(table.nothing, row: rows.lowerBound + 1, column: 1, style: .dim)
            return
        }
        let selected = state.selectedRow ?? 0
        // The selected row in the middle, but no empty row while there is one to show.
        let first = isChoosing ? max(0, min(selected - room / 2, count - room)) : 0
        let shown = first..<min(count, first + room)
        for placed in table.layout(frame.width - 2, shown) {
            let column = placed.column + 1
            let title = placed.isOrder ? "\(placed.title)↓" : placed.title
            frame.put(
                title,
                row: rows.lowerBound,
                // A mark may stand in the blank before a number's title.
                column: placed.isNumber && placed.isOrder ? column - 1 : column,
                width: placed.width + (placed.isOrder ? 1 : 0),
                style: placed.isOrder ? .bold : .dim,
                isRight: placed.isNumber
            )
            for (offset, (text, style)) in placed.texts.enumerated() {
                frame.put(
                    text,
                    row: rows.lowerBound + 1 + offset,
                    column: column,
                    width: placed.width,
                    style: style,
                    isRight: placed.isNumber
                )
            }
        }
        guard isChoosing else { return }
        frame.paint(row: rows.lowerBound + 1 + selected - first) { $0.isInverse = true }
    }

    private func drawDetail(_ table: TopTable, _ frame: inout Frame, rows: Range<Int>) {
        guard !rows.isEmpty else { return }
        let line = String(repeating: "─", count: frame.width)
        frame.put(line, row: rows.lowerBound, column: 0, style: .dim)
        guard let selected = state.selectedRow else { return }
        let texts = table.detail(selected).flatMap { PlainText.wrapped($0, width: frame.width - 2) }
        for (text, row) in zip(texts, rows.dropFirst()) { frame.put(text, row: row, column: 1) }
    }

    private func drawHelp(_ frame: inout Frame, from row: Int) {
        let help = [
            ("tab, 1 to 4", "screens: services, endpoints, connections, events"),
            ("up, down, j, k", "select a row; what is known of it stands below"),
            ("page up and down, g, G", "ten rows, the first, the last"),
            ("s", "the next order of the rows, marked ↓"),
            ("p, space", "pause: the figures stay"),
            ("q, ctrl-c", "quit"),
            ("", ""),
            ("SENT, RECV", "bytes to endpoints and from them; /S a second, of late"),
            ("CONN, BYTE P99", "time to connect and to the first byte, since the start"),
            ("CONNECT, BYTE", "what a connect to the endpoint and its first byte usually take"),
            ("FAILS", "connects that failed; why stands with the endpoint"),
        ]
        for (offset, (keys, meaning)) in help.enumerated() {
            frame.put(keys, row: row + 1 + offset, column: 1, width: 22, style: .bold)
            frame.put(meaning, row: row + 1 + offset, column: 24)
        }
    }
}
