import Reactor

extension Inspector {
    /// The answer of `/endpoints`.
    func endpoints() -> EndpointsReport {
        let now = Deadline.now()
        let all = Dictionary(grouping: fleet.registry.observe().endpoints, by: \.assignment.service)
        return EndpointsReport(
            services: services.indices.map { service in
                let endpoints = all[service] ?? []
                let shown = endpoints.prefix(EndpointsReport.mostShown)
                return EndpointsReport.Service(
                    service: services[service].label,
                    total: endpoints.count,
                    shown: shown.count,
                    endpoints: shown.map { EndpointsReport.Entry($0, at: now) }
                )
            }
        )
    }
}

extension EndpointsReport.Entry {
    fileprivate init(_ observation: EndpointObservation, at now: Deadline) {
        let (endpoint, counts) = (observation.assignment.endpoint, observation.counts)
        let condition = EndpointCondition(observation, at: now)
        self.init(
            address: endpoint.address.description,
            name: endpoint.name,
            alloc: endpoint.allocationID.isEmpty ? nil : endpoint.allocationID,
            node: endpoint.nodeID.isEmpty ? nil : endpoint.nodeID,
            datacenter: endpoint.datacenter.isEmpty ? nil : endpoint.datacenter,
            tags: endpoint.tags,
            state: condition.state,
            reason: condition.reason,
            sinceSeconds: Double(now.since(condition.since)) / 1e9,
            returnsInSeconds: condition.returnsInSeconds,
            weight: condition.weight,
            priority: condition.priority,
            zone: condition.zone,
            connections: UInt64(observation.connections),
            connectionsTotal: counts.connections,
            txBytes: counts.txBytes,
            rxBytes: counts.rxBytes,
            connectFailuresTotal: EndpointsReport.ConnectFailures(
                refused: counts.failures[ConnectFailure.refused.rawValue],
                timedOut: counts.failures[ConnectFailure.timedOut.rawValue],
                unreachable: counts.failures[ConnectFailure.unreachable.rawValue],
                other: counts.failures[ConnectFailure.other.rawValue]
            ),
            ejectionsTotal: counts.ejections,
            connectSeconds: Self.seconds(observation.connectMicroseconds),
            firstByteSeconds: Self.seconds(observation.firstByteMicroseconds)
        )
    }

    private static func seconds(_ microseconds: UInt32) -> Double? {
        microseconds == 0 ? nil : Double(microseconds) / 1e6
    }
}
