/// The tables of `fanout top`, one at a time.
enum TopScreen: Int, CaseIterable, Sendable {
    case services
    case endpoints
    case connections
    case events

    var title: String {
        switch self {
        case .services: "Services"
        case .endpoints: "Endpoints"
        case .connections: "Connections"
        case .events: "Events"
        }
    }

    /// The screen so many to the right, around the end.
    func next(_ distance: Int = 1) -> TopScreen {
        let count = Self.allCases.count
        return Self.allCases[(rawValue + distance + count) % count]
    }
}

/// All that `fanout top` remembers: what was read and what was pressed. Knows no terminal.
struct TopState: Sendable {
    private(set) var screen = TopScreen.services
    private(set) var isPaused = false
    private(set) var isHelpShown = false
    private(set) var reading: AdminReading?
    private(set) var rates = Rates.none
    /// Why the last reading failed; nil when it did not.
    private(set) var failure: AdminFailure?
    /// By what the rows of a screen are ordered, an index of its sortable columns; nil as they come.
    private(set) var order: [TopScreen: Int] = [:]
    private var selected: [TopScreen: String] = [:]

    /// Rows that page keys move by.
    private static let page = 10

    /// Takes a reading; while paused the figures stay as they are.
    mutating func receive(_ result: Result<AdminReading, AdminFailure>) {
        switch result {
        case .success(var new):
            failure = nil
            // Those that were seen last, until there are others.
            if new.connections == nil { new.connections = reading?.connections }
            guard !isPaused else { return }
            rates = Rates(new, since: reading)
            reading = new
        case .failure(let failure):
            self.failure = failure
        }
    }

    /// Does what a key says; true when that is to quit.
    mutating func press(_ key: Key) -> Bool {
        guard !isHelpShown else {
            isHelpShown = false
            return key == .character(UInt8(ascii: "q"))
        }
        switch key {
        case .tab, .right: screen = screen.next()
        case .backTab, .left: screen = screen.next(-1)
        case .up: move(by: -1)
        case .down: move(by: 1)
        case .pageUp: move(by: -Self.page)
        case .pageDown: move(by: Self.page)
        case .home: move(by: -Int.max)
        case .end: move(by: .max)
        case .character(let byte): return press(Character(Unicode.Scalar(byte)))
        }
        return false
    }

    private mutating func press(_ character: Character) -> Bool {
        switch character {
        case "q", "Q": return true
        case "s": sort()
        case "p", " ": isPaused.toggle()
        case "?", "h": isHelpShown = true
        case "k": move(by: -1)
        case "j": move(by: 1)
        case "g": move(by: -Int.max)
        case "G": move(by: .max)
        case "1"..."9":
            guard let number = character.wholeNumberValue, let chosen = TopScreen(rawValue: number - 1) else { break }
            screen = chosen
        case _: break
        }
        return false
    }

    /// The next order of the screen, and after the last one as the rows come.
    private mutating func sort() {
        let next = order[screen].map { $0 + 1 } ?? 0
        order[screen] = next < TopTables(self).table.orders ? next : nil
    }

    private mutating func move(by distance: Int) {
        let rows = TopTables(self).table.ids
        guard !rows.isEmpty else { return }
        let (sum, overflow) = (selectedRow ?? 0).addingReportingOverflow(distance)
        let target = overflow ? rows.count - 1 : max(0, min(sum, rows.count - 1))
        selected[screen] = rows[target]
    }

    /// The position of the selected row among those of the screen; a row that has gone leaves the first selected.
    var selectedRow: Int? {
        let rows = TopTables(self).table.ids
        guard !rows.isEmpty else { return nil }
        return selected[screen].flatMap(rows.firstIndex(of:)) ?? 0
    }
}
