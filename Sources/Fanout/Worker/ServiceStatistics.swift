import Reactor

/// What one worker counts for one service; only that worker writes, anybody reads, each number by itself.
struct ServiceStatistics: Sendable {
    /// The counters, those of each message first.
    enum Counter: Int, CaseIterable {
        /// Toward the endpoint and from it, as they are delivered.
        case txBytes
        case rxBytes
        case accepted
        case active
        /// Clients that have no upstream yet and wait for an endpoint.
        case waiting
        case rejected
        case connectFailures
        case retries
        /// Spare connects.
        case hedges
    }

    /// The times that are kept as histograms.
    enum Time: Int, CaseIterable {
        /// The attempt that succeeded.
        case connect
        /// From the accept to the first byte from the upstream.
        case firstByte
        /// From the accept to the close.
        case duration
    }

    private static var closedAt: Int { 9 }
    private static var timesAt: Int { 21 }
    private static var count: Int { timesAt + 3 * Histogram.numbers }
    /// What a row takes.
    static var bytes: Int { CounterRow.bytes(of: count) }

    private let row: CounterRow

    /// - Parameter memory: ``bytes`` zeroed bytes that outlive every use.
    @inline(__always)
    init(row memory: UnsafeMutableRawPointer) { row = unsafe CounterRow(at: memory) }

    @inline(__always)
    func add(_ counter: Counter, _ amount: UInt64 = 1) { row.add(counter.rawValue, amount) }

    @inline(__always)
    func subtract(_ counter: Counter, _ amount: UInt64 = 1) { row.add(counter.rawValue, 0 &- amount) }

    func addClosed(_ reason: CloseReason) { row.add(Self.closedAt + Int(reason.rawValue), 1) }

    func add(_ time: Time, microseconds: UInt64) { histogram(time).count(microseconds) }

    // MARK: Any thread

    subscript(counter: Counter) -> UInt64 { row[counter.rawValue] }

    func closed(_ reason: CloseReason) -> UInt64 { row[Self.closedAt + Int(reason.rawValue)] }

    func times(_ time: Time) -> HistogramReading { histogram(time).reading }

    @inline(__always)
    private func histogram(_ time: Time) -> Histogram {
        Histogram(in: row, at: Self.timesAt + time.rawValue * Histogram.numbers)
    }

    /// Whether the places of a row are where the enums say; a row is laid out by constants, so that no lazy global is in
    /// the way of a message.
    static var isLaidOut: Bool {
        closedAt == Counter.allCases.count && timesAt == closedAt + CloseReason.allCases.count
            && count == timesAt + Time.allCases.count * Histogram.numbers
    }
}

/// The rows of one worker, by the service's number.
@safe
struct ServiceRows: @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    let count: Int

    /// - Parameter memory: ``ServiceStatistics/bytes`` zeroed bytes for each service, which outlive every use.
    init(at memory: UnsafeMutableRawPointer, services: Int) {
        precondition(ServiceStatistics.isLaidOut, "the constants of ServiceStatistics are behind its enums")
        unsafe base = memory
        count = services
    }

    @inline(__always)
    subscript(service: Int) -> ServiceStatistics {
        unsafe ServiceStatistics(row: base + service &* ServiceStatistics.bytes)
    }

    /// Of all services.
    func total(_ counter: ServiceStatistics.Counter) -> UInt64 {
        (0..<count).reduce(0) { $0 &+ self[$1][counter] }
    }

    func closed(_ reason: CloseReason) -> UInt64 { (0..<count).reduce(0) { $0 &+ self[$1].closed(reason) } }
}
