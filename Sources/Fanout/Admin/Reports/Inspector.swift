import Reactor

/// What the admin endpoint looks at, and by nothing but looking. Any thread.
struct Inspector: Sendable {
    /// A service as it was configured; several may share a label.
    struct Service: Sendable {
        let label: String
        /// Of a service of Nomad; nil for fixed endpoints.
        let namespace: String?
        /// With the real port.
        let listen: String
    }

    let services: [Service]
    let fleet: Fleet
    let discovery: Discovery
    /// Knows which services discovery has answered for.
    let sink: EndpointSink
    let writer: LogWriter
    let events: EventLog
    let driver: DriverInUse
    let startedAt: Deadline
    /// The same moment in nanoseconds since 1970.
    let startedWallTime: UInt64

    // MARK: Readiness

    var state: StatusReport.State {
        if fleet.isDraining { return .draining }
        return services.indices.allSatisfy(sink.hasAnswer) ? .ready : .starting
    }

    /// Why it is not ready: each service without an answer of discovery, or the drain. An outage of Nomad later on is
    /// none, because the known endpoints stay in use.
    var reasons: [String] {
        if fleet.isDraining { return ["draining"] }
        let inUse = fleet.registry.areKnown
        var silent: [String] = []
        for service in services.indices where !sink.hasAnswer(for: service) {
            var reason = "discovery has not answered for \(services[service].label)"
            if inUse[service] { reason += "; the last known endpoints are in use meanwhile" }
            if !silent.contains(reason) { silent.append(reason) }
        }
        return silent
    }

    func readiness() -> ReadinessReport {
        let reasons = reasons
        guard reasons.isEmpty else { return ReadinessReport(ready: false, reasons: reasons) }
        let statistics = discovery.statistics
        let ages = services.indices.map { index in
            ReadinessReport.Service(service: services[index].label, ageSeconds: age(of: statistics.services[index]))
        }
        return ReadinessReport(ready: true, services: ages)
    }

    /// Seconds since discovery has last answered.
    func age(of statistics: DiscoveryStatistics.Service?) -> Double? {
        guard let last = statistics?.lastSuccess, last > 0 else { return nil }
        return max(0, Double(Timestamp.now()) / 1e9 - last)
    }

    // MARK: Sums over the workers

    /// Log lines that were dropped, in the queue of a worker or before a descriptor.
    var droppedLines: UInt64 {
        fleet.statistics.reduce(writer.droppedLines) { $0 &+ $1[.accessRecordsDropped] }
    }

    func total(_ counter: ServiceStatistics.Counter, of service: Int) -> UInt64 {
        fleet.services.reduce(0) { $0 &+ $1[service][counter] }
    }

    func closed(_ reason: CloseReason, of service: Int) -> UInt64 {
        fleet.services.reduce(0) { $0 &+ $1[service].closed(reason) }
    }

    func times(_ time: ServiceStatistics.Time, of service: Int) -> HistogramReading {
        fleet.services.reduce(into: .empty) { $0.add($1[service].times(time)) }
    }
}
