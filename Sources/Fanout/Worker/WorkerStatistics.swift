import Reactor

/// What one worker counts of itself; only it writes, anybody reads, each number by itself. What it counts of its
/// connections, ``ServiceStatistics`` holds.
struct WorkerStatistics: Sendable {
    /// The counters, in the order of the state dump.
    enum Counter: Int, CaseIterable {
        /// Accepted here and given to another worker, which counts them as accepted.
        case handedOver
        case acceptErrors
        case bufferStarved
        /// Bytes of both directions that were spliced, and how often a direction went over to it (Bulk).
        case splicedBytes
        case bulkStarts
        /// How often a direction came to be watched (TurnAround).
        case watchStarts
        /// In use now.
        case pipes
        case pendingOperations
        case freeBuffers
        case completions
        case enters
        case accessRecordsDropped
        case busyNanoseconds
    }

    private static let awakeAt = Counter.allCases.count
    private static let count = awakeAt + 1
    /// What a row takes.
    static let bytes = CounterRow.bytes(of: count)

    private let row: CounterRow

    /// - Parameter memory: ``bytes`` zeroed bytes that outlive every use.
    init(row memory: UnsafeMutableRawPointer) { row = unsafe CounterRow(at: memory) }

    @inline(__always)
    func add(_ counter: Counter, _ amount: UInt64 = 1) { row.add(counter.rawValue, amount) }

    @inline(__always)
    func set(_ counter: Counter, _ value: UInt64) { row.set(counter.rawValue, value) }

    /// Callable from every thread.
    subscript(counter: Counter) -> UInt64 { row[counter.rawValue] }

    /// When the worker's turn began, in nanoseconds of the monotonic clock; 0 while it sleeps.
    var awakeSince: UInt64 { row[Self.awakeAt] }

    @inline(__always)
    func setAwake(since nanoseconds: UInt64) { row.set(Self.awakeAt, nanoseconds) }
}
