extension TopTables {
    private struct EndpointRow {
        let service: EndpointsReport.Service
        let entry: EndpointsReport.Entry
        let rates: Rates.Traffic
        var failures: UInt64 { entry.connectFailuresTotal.total }
    }

    /// Every endpoint of every service; below it why it gets connections or none.
    var endpoints: TopTable {
        let reading = state.reading
        let all = (reading.map(Rates.rows) ?? []).map { id, service, entry in
            (
                id: id,
                row: EndpointRow(service: service, entry: entry, rates: state.rates.endpoints[id] ?? Rates.Traffic())
            )
        }
        // What needs a look comes first, and otherwise as it came.
        let rows = EndpointState.allCases.sorted { $0.urgency > $1.urgency }
            .flatMap { state in all.filter { $0.row.entry.state == state } }
        // Of one service alone its name says nothing, and the room is wanted.
        let serviceRank = reading.map { $0.endpoints.services.count > 1 } == true ? 3 : 6
        return TopTable(
            rows,
            [
                .name("ENDPOINT", 17) { $0.entry.name },
                .name("SERVICE", 9, rank: serviceRank) { $0.service.service },
                TopColumn(
                    title: "STATE",
                    width: 8,
                    rank: 0,
                    isNumber: false,
                    text: \.entry.state.rawValue,
                    style: { $0.entry.state.style },
                    isBefore: { $0.entry.state.urgency > $1.entry.state.urgency }
                ),
                .figure("CONNS", 5, { $0.entry.connections }, Figures.count),
                .figure("NEW/S", 5, rank: 1, { $0.rates.opened }, Figures.rate),
                .figure("CONNECT", 7, rank: 3, { $0.entry.connectSeconds }, Figures.latency),
                .figure("BYTE", 7, rank: 3, { $0.entry.firstByteSeconds }, Figures.latency),
                .figure("SENT/S", 8, rank: 4, { $0.rates.sent }, Figures.bytes),
                .figure("RECV/S", 8, rank: 4, { $0.rates.received }, Figures.bytes),
                .figure("FAILS", 5, rank: 2, { $0.failures }, Figures.count),
                .figure("FOR", 11, rank: 6, { $0.entry.sinceSeconds }, Figures.age),
                .figure("WEIGHT", 6, rank: 7, { $0.entry.weight }, Figures.count),
                .figure("PRIO", 4, rank: 8, { $0.entry.priority }, Figures.count),
                .name("WHY", 24, rank: 5) { $0.entry.note },
                .name("ALLOC", 8, rank: 9) { String($0.entry.alloc?.prefix(8) ?? "") },
            ],
            order: state.order[.endpoints],
            nothing: reading == nil ? "" : "no endpoint: clients wait for one",
            detail: { row in
                guard let status = reading?.status else { return [] }
                return [
                    [row.service.service, row.entry.origin].filter { !$0.isEmpty }.joined(separator: " · "),
                    Explanation(of: row.entry, in: row.service, status: status).sentences.joined(separator: " "),
                ]
            }
        )
    }
}

extension EndpointsReport.ConnectFailures {
    var total: UInt64 { refused &+ timedOut &+ unreachable &+ other }
}

extension EndpointsReport.Entry {
    /// Why it is in its state, and how long yet.
    var note: String {
        [reason, returnsInSeconds.map { "returns in \(Figures.age($0))" }].compactMap(\.self).joined(separator: "; ")
    }
}

extension EndpointState {
    /// What a person should look at first has the greatest.
    var urgency: Int {
        switch self {
        case .ejected: 5
        case .suspect: 4
        case .draining: 3
        case .new: 2
        case .ready: 1
        case .removed: 0
        }
    }

    var style: Style {
        switch self {
        case .ejected: Style(colour: .red, isBold: true)
        case .suspect: Style(colour: .yellow, isBold: true)
        case .draining: Style(colour: .magenta)
        case .new: Style(colour: .blue, isBold: true)
        case .ready: Style(colour: .green)
        case .removed: .dim
        }
    }
}
