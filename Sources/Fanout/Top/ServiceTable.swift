extension TopTables {
    private struct ServiceRow {
        let service: StatusReport.Service
        let rates: Rates.Traffic
    }

    /// Services in the order of the flags; below it times, and how connections ended.
    var services: TopTable {
        let all = state.reading?.status.services ?? []
        let rows = all.enumerated().map { index, service in
            (id: "\(index)", row: ServiceRow(service: service, rates: state.rates.services[index] ?? Rates.Traffic()))
        }
        return TopTable(
            rows,
            [
                .name("SERVICE", 11) { $0.service.service },
                .name("LISTEN", 16, rank: 5) { $0.service.listen },
                TopColumn(
                    title: "READY",
                    width: 7,
                    rank: 0,
                    isNumber: true,
                    text: Self.usable,
                    style: Self.usableStyle
                ),
                .figure("CONNS", 7, { $0.service.connections }, Figures.count),
                .figure("WAIT", 5, rank: 4, { $0.service.waiting }, Figures.count),
                .figure("NEW/S", 6, { $0.rates.opened }, Figures.rate),
                .figure("SENT/S", 8, rank: 2, { $0.rates.sent }, Figures.bytes),
                .figure("RECV/S", 8, rank: 2, { $0.rates.received }, Figures.bytes),
                .figure("CONN P50", 8, rank: 7, { $0.service.connectSeconds.p50 }, Figures.latency),
                .figure("CONN P99", 8, rank: 1, { $0.service.connectSeconds.p99 }, Figures.latency),
                .figure("BYTE P50", 8, rank: 6, { $0.service.firstByteSeconds.p50 }, Figures.latency),
                .figure("BYTE P99", 8, rank: 3, { $0.service.firstByteSeconds.p99 }, Figures.latency),
                .figure("REFUSED", 7, rank: 8, { $0.service.rejected }, Figures.count),
                .figure("RETRIES", 7, rank: 9, { $0.service.retriesTotal }, Figures.count),
            ],
            order: state.order[.services],
            nothing: state.reading == nil ? "" : "no service",
            detail: { Self.detail($0.service) }
        )
    }

    private static func usable(_ row: ServiceRow) -> String {
        "\(row.service.usable)/\(row.service.endpoints.values.reduce(0, +))"
    }

    private static func usableStyle(_ row: ServiceRow) -> Style {
        let usable = row.service.usable
        if usable == 0 { return Style(colour: .red, isBold: true) }
        return usable == row.service.endpoints.values.reduce(0, +) ? .plain : Style(colour: .yellow)
    }

    private static func detail(_ service: StatusReport.Service) -> [String] {
        let times = [("connect", service.connectSeconds), ("first byte", service.firstByteSeconds)].map { name, times in
            "\(name) p50 \(Figures.latency(times.p50)), p95 \(Figures.latency(times.p95)), p99 \(Figures.latency(times.p99))"
        }
        let states = service.endpoints.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
        let ends = service.closedTotal.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            .map { "\($0.key) \(Figures.count($0.value))" }
        let discovery = service.discovery.source == "fixed" ? "fixed endpoints" : Self.discovery(service.discovery)
        return [
            ([service.listen] + (service.namespace.map { ["namespace \($0)"] } ?? []) + [discovery] + states)
                .joined(separator: " · ")
        ] + times + [
            "ended: \(ends.isEmpty ? "none" : ends.joined(separator: ", "))"
        ]
    }

    private static func discovery(_ discovery: StatusReport.Discovery) -> String {
        let age = discovery.ageSeconds.map { "answered \(Figures.age($0)) ago" } ?? "has not answered"
        return "discovery \(discovery.failing ? "fails, " : "")\(age)"
    }
}

extension StatusReport.Service {
    /// Endpoints that get connections.
    var usable: Int { [EndpointState.ready, .new, .suspect].reduce(0) { $0 + (endpoints[$1.rawValue] ?? 0) } }
    var rejected: UInt64 { rejectedTotal.values.reduce(0, &+) }
}
