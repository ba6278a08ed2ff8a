/// What counters did between two readings, a second; nil where there is nothing to compare.
struct Rates: Equatable, Sendable {
    struct Traffic: Equatable, Sendable {
        var opened: Double?
        var sent: Double?
        var received: Double?
    }

    private(set) var process = Traffic()
    /// Retries, and clients that were turned away.
    private(set) var failed: Double?
    /// Workers that are at work, on average.
    private(set) var busy: Double?
    /// By the position in the report: several services may share a label.
    private(set) var services: [Int: Traffic] = [:]
    private(set) var endpoints: [String: Traffic] = [:]

    static let none = Rates()

    private init() {}

    init(_ now: AdminReading, since then: AdminReading?) {
        // Counters of another process have no rate against those before.
        guard let then, then.status.pid == now.status.pid, then.status.uptimeSeconds <= now.status.uptimeSeconds else {
            return
        }
        let seconds = Double(now.time.since(then.time)) / 1e9
        guard seconds > 0 else { return }
        func rate(_ new: UInt64, _ old: UInt64) -> Double? { new >= old ? Double(new - old) / seconds : nil }
        func total(_ reading: AdminReading, _ figure: (StatusReport.Service) -> UInt64) -> UInt64 {
            reading.status.services.reduce(0) { $0 &+ figure($1) }
        }
        func rate(_ figure: (StatusReport.Service) -> UInt64) -> Double? {
            rate(total(now, figure), total(then, figure))
        }
        process = Traffic(opened: rate(\.acceptedTotal), sent: rate(\.txBytes), received: rate(\.rxBytes))
        failed = rate { $0.retriesTotal &+ $0.rejectedTotal.values.reduce(0, &+) }
        let work = [now, then].map { $0.status.workers.reduce(0) { $0 + $1.busySecondsTotal } }
        busy = work[0] >= work[1] ? (work[0] - work[1]) / seconds : nil
        for (index, (new, old)) in zip(now.status.services, then.status.services).enumerated() {
            services[index] = Traffic(
                opened: rate(new.acceptedTotal, old.acceptedTotal),
                sent: rate(new.txBytes, old.txBytes),
                received: rate(new.rxBytes, old.rxBytes)
            )
        }
        let before = Dictionary(Self.rows(of: then).map { ($0.id, $0.entry) }) { first, _ in first }
        for row in Self.rows(of: now) {
            guard let old = before[row.id] else { continue }
            endpoints[row.id] = Traffic(
                opened: rate(row.entry.connectionsTotal, old.connectionsTotal),
                sent: rate(row.entry.txBytes, old.txBytes),
                received: rate(row.entry.rxBytes, old.rxBytes)
            )
        }
    }

    /// Every endpoint with what tells it from all others, also beyond one reading.
    static func rows(
        of reading: AdminReading
    ) -> [(id: String, service: EndpointsReport.Service, entry: EndpointsReport.Entry)] {
        reading.endpoints.services.enumerated().flatMap { index, service in
            service.endpoints.map { ("\(index) \($0.address) \($0.alloc ?? "")", service, $0) }
        }
    }
}
