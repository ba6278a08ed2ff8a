import Glibc
import Reactor

extension Inspector {
    /// The answer of `/status`.
    func status() -> StatusReport {
        let statistics = discovery.statistics
        let states = endpointStates()
        return StatusReport(
            version: Version.current,
            commit: Version.commit,
            pid: getpid(),
            uptimeSeconds: Double(Deadline.now().since(startedAt)) / 1e9,
            state: state,
            reasons: reasons,
            driver: driver.name.rawValue,
            driverReason: driver.reason,
            kernelFeatures: driver.features.names(present: true),
            maxConnections: fleet.admission.limit,
            connections: fleet.admission.count,
            workers: fleet.statistics.indices.map(worker),
            services: services.indices.map { service($0, statistics.services[$0], states[$0]) },
            logDroppedTotal: droppedLines,
            events: events.newest.map {
                StatusReport.Event(time: Double($0.time) / 1e9, level: $0.level.rawValue, text: $0.text)
            }
        )
    }

    /// For each service, how many endpoints are in which state.
    func endpointStates() -> [[EndpointState: Int]] {
        var states: [[EndpointState: Int]] = services.map { _ in [:] }
        for endpoint in fleet.registry.observe().endpoints {
            states[endpoint.assignment.service][EndpointState(endpoint.name), default: 0] += 1
        }
        return states
    }

    private func worker(_ index: Int) -> StatusReport.Worker {
        let (statistics, services) = (fleet.statistics[index], fleet.services[index])
        return StatusReport.Worker(
            worker: index,
            connections: services.total(.active),
            acceptedTotal: services.total(.accepted),
            busySecondsTotal: Double(statistics[.busyNanoseconds]) / 1e9,
            entersTotal: statistics[.enters],
            completionsTotal: statistics[.completions],
            bufferStarvedTotal: statistics[.bufferStarved]
        )
    }

    private func service(
        _ index: Int,
        _ discovery: DiscoveryStatistics.Service?,
        _ states: [EndpointState: Int]
    ) -> StatusReport.Service {
        var closedTotal: [String: UInt64] = [:]
        for reason in CloseReason.allCases {
            let count = closed(reason, of: index)
            if count > 0 { closedTotal[reason.text] = count }
        }
        let isNomad = services[index].namespace != nil
        return StatusReport.Service(
            service: services[index].label,
            namespace: services[index].namespace,
            listen: services[index].listen,
            connections: total(.active, of: index),
            waiting: total(.waiting, of: index),
            acceptedTotal: total(.accepted, of: index),
            rejectedTotal: [CloseReason.limit.text: total(.rejected, of: index)],
            closedTotal: closedTotal,
            txBytes: total(.txBytes, of: index),
            rxBytes: total(.rxBytes, of: index),
            retriesTotal: total(.retries, of: index),
            endpoints: Dictionary(uniqueKeysWithValues: states.map { ($0.key.rawValue, $0.value) }),
            connectSeconds: StatusReport.Quantiles(times(.connect, of: index)),
            firstByteSeconds: StatusReport.Quantiles(times(.firstByte, of: index)),
            durationSeconds: StatusReport.Quantiles(times(.duration, of: index)),
            discovery: StatusReport.Discovery(
                source: isNomad ? "nomad" : "fixed",
                index: isNomad ? discovery?.index : nil,
                ageSeconds: age(of: discovery),
                failing: discovery?.isFailing ?? false,
                errorsTotal: discovery?.errors.values.reduce(0, &+) ?? 0
            )
        )
    }
}

extension StatusReport.Quantiles {
    init(_ reading: HistogramReading) {
        self.init(
            count: reading.count,
            p50: reading.quantile(0.5).map { $0 / 1e6 },
            p95: reading.quantile(0.95).map { $0 / 1e6 },
            p99: reading.quantile(0.99).map { $0 / 1e6 }
        )
    }
}
