extension MetricsText {
    /// The endpoints of each service: how many are in which state, and what has happened on them.
    mutating func appendEndpoints(_ inspector: Inspector, _ labels: [ServiceLabel]) {
        let (observations, unnamedBefore) = inspector.fleet.registry.observe()
        family("fanout_endpoints", .gauge, "Endpoints by state.")
        for label in labels {
            let states = observations.lazy.filter { label.services.contains($0.assignment.service) }
                .map { EndpointState($0.name) }
            let counts = states.reduce(into: [:]) { $0[$1, default: 0] += 1 } as [EndpointState: UInt64]
            for state in EndpointState.allCases {
                sample(counts[state] ?? 0, Label("service", label.text), Label("state", state.rawValue))
            }
        }
        let rows = EndpointRow.all(observations, unnamedBefore, labels)
        family("fanout_endpoint_connections_active", .gauge, "Connections on an endpoint now.")
        for row in rows { sample(row.connections, row.labels) }
        family("fanout_endpoint_connections_total", .counter, "Connects to an endpoint that succeeded.")
        for row in rows { sample(row.counts.connections, row.labels) }
        family("fanout_endpoint_bytes_total", .counter, "Bytes delivered to an endpoint (tx), and from it (rx).")
        for row in rows {
            sample(row.counts.txBytes, row.labels + [Label("direction", "tx")])
            sample(row.counts.rxBytes, row.labels + [Label("direction", "rx")])
        }
        family("fanout_endpoint_connect_failures_total", .counter, "Connects to an endpoint that failed.")
        for row in rows {
            for failure in ConnectFailure.allCases {
                let count = row.counts.failures[failure.rawValue]
                sample(count, row.labels + [Label("reason", failure.text)])
            }
        }
        family("fanout_endpoint_ejections_total", .counter, "Ejections for failures.")
        for row in rows { sample(row.counts.ejections, row.labels) }
    }
}

/// The samples of one value of the `endpoint` label: an endpoint, or `other` for those beyond the limit of names.
struct EndpointRow {
    static let other = "other"

    let labels: [MetricsText.Label]
    var connections: UInt64 = 0
    var counts = EndpointCounts()

    /// Endpoints that share both labels are one row: services may share a name and an endpoint. What one of them had
    /// counted when it went stays in the row for as long as there is another.
    static func all(
        _ observations: [EndpointObservation],
        _ unnamedBefore: [EndpointCounts],
        _ labels: [ServiceLabel]
    ) -> [EndpointRow] {
        labels.flatMap { label in
            var rows: [EndpointRow] = []
            var places: [String: Int] = [:]
            func row(_ endpoint: String) -> Int {
                if let place = places[endpoint] { return place }
                places[endpoint] = rows.count
                let labels = [MetricsText.Label("service", label.text), MetricsText.Label("endpoint", endpoint)]
                rows.append(EndpointRow(labels: labels))
                return rows.count - 1
            }
            for observation in observations where label.services.contains(observation.assignment.service) {
                let address = observation.assignment.endpoint.address
                let place = row(observation.account.isNamed ? address.description : Self.other)
                rows[place].connections &+= UInt64(observation.connections)
                rows[place].counts.add(observation.counts)
                rows[place].counts.add(observation.account.inherited)
            }
            for service in label.services where unnamedBefore[service] != EndpointCounts() {
                rows[row(Self.other)].counts.add(unnamedBefore[service])
            }
            return rows
        }
    }
}

extension ConnectFailure {
    /// The `reason` label.
    fileprivate var text: String {
        switch self {
        case .refused: "refused"
        case .timedOut: "timed_out"
        case .unreachable: "unreachable"
        case .other: "other"
        }
    }
}
