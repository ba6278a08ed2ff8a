extension MetricsText {
    /// The connections of each service.
    mutating func appendServices(_ inspector: Inspector, _ labels: [ServiceLabel]) {
        counter(
            "fanout_connections_accepted_total",
            .counter,
            "Connections that were accepted, those rejected at once not among them.",
            .accepted,
            inspector,
            labels
        )
        counter("fanout_connections_active", .gauge, "Connections now.", .active, inspector, labels)
        counter(
            "fanout_connections_waiting",
            .gauge,
            "Connections without an upstream that wait for an endpoint now.",
            .waiting,
            inspector,
            labels
        )
        counter(
            "fanout_connect_retries_total",
            .counter,
            "Connects that were tried again after a failed one.",
            .retries,
            inspector,
            labels
        )
        counter(
            "fanout_connect_hedges_total",
            .counter,
            "Second connects that were started because the first took long.",
            .hedges,
            inspector,
            labels
        )
        family("fanout_connections_rejected_total", .counter, "Connections that were turned away with a reset.")
        for label in labels {
            let reason = Label("reason", CloseReason.limit.text)
            sample(inspector.total(.rejected, label), Label("service", label.text), reason)
        }
        family("fanout_connections_closed_total", .counter, "Connections that have ended, by who ended them and when.")
        for label in labels {
            for reason in CloseReason.allCases {
                let count = label.services.reduce(0) { $0 &+ inspector.closed(reason, of: $1) }
                sample(count, Label("service", label.text), Label("reason", reason.text))
            }
        }
        family("fanout_bytes_total", .counter, "Bytes delivered: tx toward the endpoint, rx from it.")
        for label in labels {
            let service = Label("service", label.text)
            sample(inspector.total(.txBytes, label), service, Label("direction", "tx"))
            sample(inspector.total(.rxBytes, label), service, Label("direction", "rx"))
        }
        family("fanout_connect_duration_seconds", .histogram, "How long connects to endpoints took that succeeded.")
        for label in labels { sample(inspector.times(.connect, label), .latency, Label("service", label.text)) }
        family("fanout_first_byte_duration_seconds", .histogram, "From the accept to the endpoint's first byte.")
        for label in labels { sample(inspector.times(.firstByte, label), .latency, Label("service", label.text)) }
        family("fanout_connection_duration_seconds", .histogram, "From the accept to the close.")
        for label in labels { sample(inspector.times(.duration, label), .lifetime, Label("service", label.text)) }
    }

    private mutating func counter(
        _ name: StaticString,
        _ kind: Kind,
        _ help: StaticString,
        _ counter: ServiceStatistics.Counter,
        _ inspector: Inspector,
        _ labels: [ServiceLabel]
    ) {
        family(name, kind, help)
        for label in labels { sample(inspector.total(counter, label), Label("service", label.text)) }
    }
}

extension Inspector {
    func total(_ counter: ServiceStatistics.Counter, _ label: ServiceLabel) -> UInt64 {
        label.services.reduce(0) { $0 &+ total(counter, of: $1) }
    }

    func times(_ time: ServiceStatistics.Time, _ label: ServiceLabel) -> HistogramReading {
        label.services.reduce(into: .empty) { $0.add(times(time, of: $1)) }
    }
}
