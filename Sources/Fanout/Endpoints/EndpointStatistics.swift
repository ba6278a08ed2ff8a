import Reactor

/// Why a connect came to nothing, the `reason` label of `fanout_endpoint_connect_failures_total`.
enum ConnectFailure: Int, CaseIterable, Sendable {
    case refused
    case timedOut
    case unreachable
    case other

    init(errno: Int32) {
        self =
            if errno == SystemError.refused {
                .refused
            } else if errno == SystemError.timedOut {
                .timedOut
            } else if SystemError.isUnreachable(errno) {
                .unreachable
            } else {
                .other
            }
    }
}

/// What has happened on one endpoint.
struct EndpointCounts: Equatable, Sendable {
    /// Connects that succeeded.
    var connections: UInt64 = 0
    var txBytes: UInt64 = 0
    var rxBytes: UInt64 = 0
    /// By ``ConnectFailure``.
    var failures: [UInt64] = Array(repeating: 0, count: ConnectFailure.allCases.count)
    /// Counted by the ``EndpointLedger``.
    var ejections: UInt64 = 0

    mutating func add(_ other: EndpointCounts) {
        connections &+= other.connections
        txBytes &+= other.txBytes
        rxBytes &+= other.rxBytes
        ejections &+= other.ejections
        for index in failures.indices { failures[index] &+= other.failures[index] }
    }

    mutating func subtract(_ other: EndpointCounts) {
        connections &-= other.connections
        txBytes &-= other.txBytes
        rxBytes &-= other.rxBytes
        for index in failures.indices { failures[index] &-= other.failures[index] }
    }
}

/// What the workers count for each endpoint slot: a row for each worker and slot, which only that worker writes.
///
/// A slot goes from endpoint to endpoint and its numbers only rise: whose they are, ``EndpointLedger`` knows.
final class EndpointStatistics: Sendable {
    /// A cache line.
    fileprivate static var bytesPerSlot: Int { 64 }

    let workers: Int
    let slots: Int
    private let memory: SharedMemory

    /// Memory becomes real only for the slots in use.
    init(workers: Int, slots: Int) throws(SystemError) {
        self.workers = workers
        self.slots = slots
        memory = try SharedMemory(bytes: workers * slots * Self.bytesPerSlot)
    }

    /// The rows that a worker writes.
    func rows(of worker: Int) -> EndpointRows {
        unsafe EndpointRows(at: memory.at(worker * slots * Self.bytesPerSlot), slots: slots)
    }

    /// Of all workers, since the start; any thread.
    func counts(of slot: UInt32) -> EndpointCounts {
        var sum = EndpointCounts()
        for worker in 0..<workers { rows(of: worker).addCounts(of: slot, to: &sum) }
        return sum
    }
}

/// The rows of one worker, by slot.
@safe
struct EndpointRows: @unchecked Sendable {
    private enum Place {
        static var txBytes: Int { 0 }
        static var rxBytes: Int { 1 }
        static var connections: Int { 2 }
        static var failures: Int { 3 }
    }

    private let base: UnsafeMutableRawPointer
    private let slots: Int

    fileprivate init(at memory: UnsafeMutableRawPointer, slots: Int) {
        unsafe base = memory
        self.slots = slots
    }

    @inline(__always)
    private func row(_ slot: UInt32) -> CounterRow {
        precondition(slot < UInt32(truncatingIfNeeded: slots), "a slot outside the table")
        return unsafe CounterRow(at: base + Int(slot) &* EndpointStatistics.bytesPerSlot)
    }

    @inline(__always)
    func addBytes(_ bytes: UInt64, _ direction: Direction, to slot: UInt32) {
        row(slot).add(direction == .tx ? Place.txBytes : Place.rxBytes, bytes)
    }

    func addConnection(to slot: UInt32) { row(slot).add(Place.connections, 1) }

    func addFailure(_ failure: ConnectFailure, to slot: UInt32) { row(slot).add(Place.failures + failure.rawValue, 1) }

    fileprivate func addCounts(of slot: UInt32, to sum: inout EndpointCounts) {
        let row = row(slot)
        sum.txBytes &+= row[Place.txBytes]
        sum.rxBytes &+= row[Place.rxBytes]
        sum.connections &+= row[Place.connections]
        for index in sum.failures.indices { sum.failures[index] &+= row[Place.failures + index] }
    }
}
