import Reactor
import Synchronization

/// What one worker counts; only it writes, anybody reads, each number by itself.
@safe
struct WorkerStatistics: @unchecked Sendable {
    /// The counters, in the order of the state dump.
    enum Counter: Int, CaseIterable {
        case accepted
        case active
        case waiting
        case rejected
        /// Accepted here and given to another worker, which counts them as accepted.
        case handedOver
        case acceptErrors
        case connectFailures
        case retries
        /// Spare connects.
        case hedges
        case bufferStarved
        case txBytes
        case rxBytes
        /// Bytes of both directions that were spliced, and how often a direction went over to it (Bulk).
        case splicedBytes
        case bulkStarts
        /// In use now.
        case pipes
        case pendingOperations
        case freeBuffers
        case completions
        case enters
        case accessRecordsDropped
        case busyNanoseconds
    }

    private static let closedAt = Counter.allCases.count
    private static let awakeAt = closedAt + CloseReason.allCases.count
    private static let count = awakeAt + 1
    /// Rows of two workers never share a cache line, nor the pair that the prefetcher fetches.
    static let bytes = (count * 8 + 127) / 128 * 128

    private let row: UnsafeMutablePointer<Atomic<UInt64>>

    /// - Parameter memory: ``bytes`` zeroed bytes that outlive every use.
    init(row memory: UnsafeMutableRawPointer) {
        unsafe row = memory.assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    @inline(__always)
    func add(_ counter: Counter, _ amount: UInt64 = 1) { bump(counter.rawValue, amount) }

    @inline(__always)
    func subtract(_ counter: Counter, _ amount: UInt64 = 1) { bump(counter.rawValue, 0 &- amount) }

    @inline(__always)
    func set(_ counter: Counter, _ value: UInt64) {
        unsafe row[counter.rawValue].store(value, ordering: .relaxed)
    }

    func addClosed(_ reason: CloseReason) { bump(Self.closedAt + Int(reason.rawValue), 1) }

    @inline(__always)
    private func bump(_ index: Int, _ amount: UInt64) {
        let value = unsafe row[index].load(ordering: .relaxed)
        unsafe row[index].store(value &+ amount, ordering: .relaxed)
    }

    /// Callable from every thread.
    subscript(counter: Counter) -> UInt64 {
        unsafe row[counter.rawValue].load(ordering: .relaxed)
    }

    /// When the worker's turn began, in nanoseconds of the monotonic clock; 0 while it sleeps.
    var awakeSince: UInt64 { unsafe row[Self.awakeAt].load(ordering: .relaxed) }

    @inline(__always)
    func setAwake(since nanoseconds: UInt64) {
        unsafe row[Self.awakeAt].store(nanoseconds, ordering: .relaxed)
    }

    func closed(_ reason: CloseReason) -> UInt64 {
        unsafe row[Self.closedAt + Int(reason.rawValue)].load(ordering: .relaxed)
    }
}
