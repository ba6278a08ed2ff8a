extension MetricsText {
    /// How discovery does. Services with fixed endpoints have nothing to tell but how long their endpoints took.
    mutating func appendDiscovery(_ inspector: Inspector, _ labels: [ServiceLabel]) {
        let statistics = inspector.discovery.statistics
        let found = labels.map { label in
            let nomad = label.services.filter { inspector.services[$0].namespace != nil }
            return (service: Label("service", label.text), services: nomad.map { statistics.services[$0] ?? .init() })
        }.filter { !$0.services.isEmpty }
        family("fanout_discovery_updates_total", .counter, "Answers of Nomad, by what became of them.")
        for (service, services) in found {
            for result in DiscoveryStatistics.Update.allCases {
                let count = services.reduce(0) { $0 &+ ($1.updates[result] ?? 0) }
                sample(count, service, Label("result", result.rawValue))
            }
        }
        family("fanout_discovery_errors_total", .counter, "Queries of Nomad that brought nothing of use.")
        for (service, services) in found {
            for reason in DiscoveryFailure.Reason.allCases {
                let count = services.reduce(0) { $0 &+ ($1.errors[reason] ?? 0) }
                sample(count, service, Label("reason", reason.rawValue))
            }
        }
        family(
            "fanout_discovery_last_success_timestamp_seconds",
            .gauge,
            "When an answer was last applied or confirmed; 0 before the first."
        )
        for (service, services) in found { sample(services.map(\.lastSuccess).min() ?? 0, service) }
        family("fanout_discovery_index", .gauge, "The index of Nomad's catalogue in the last applied answer.")
        for (service, services) in found { sample(services.map(\.index).max() ?? 0, service) }
        family(
            "fanout_discovery_apply_duration_seconds",
            .histogram,
            "How long it took to publish a change of endpoints to the workers."
        )
        for label in labels {
            let reading = label.services.reduce(into: HistogramReading.empty) {
                $0.add(inspector.sink.times[$1].reading)
            }
            sample(reading, .latency, Label("service", label.text))
        }
        family("fanout_token_refreshes_total", .counter, "Looks at the token's file, by what was found.")
        for result in WorkloadIdentity.Refresh.allCases {
            sample(statistics.tokenRefreshes[result] ?? 0, Label("result", result.rawValue))
        }
    }
}
