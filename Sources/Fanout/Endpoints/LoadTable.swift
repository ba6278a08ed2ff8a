import Reactor
import Synchronization

/// How many connections each worker has on each endpoint slot, and their sum.
///
/// A row a worker, which only that worker writes; and one row of sums, which all add to. A choice reads the sums alone:
/// to add up the rows at each choice costs a cache miss for each worker and endpoint (ARCHITECTURE.md has the figures),
/// to keep the sum costs one atomic addition a connection.
@safe
final class LoadTable: @unchecked Sendable {
    let workers: Int
    let slots: Int
    private let memory: LazyMemory
    private let counters: UnsafeMutablePointer<Atomic<UInt32>>
    private let sums: UnsafeMutablePointer<Atomic<UInt32>>

    /// What came of connects and sessions, by the same slots.
    let outcomes: OutcomeTable
    private let outcomeMemory: LazyMemory
    private let doorbell: Wakeup?

    /// Memory becomes real only for the slots in use: 4 bytes a slot and worker, 4 for the sum, 44 for the outcomes.
    ///
    /// - Parameter doorbell: rung when there are bad outcomes to look at.
    init(workers: Int, slots: Int, doorbell: Wakeup? = nil) throws(SystemError) {
        outcomeMemory = try LazyMemory(bytes: OutcomeTable.bytes(slots: slots))
        outcomes = OutcomeTable(memory: outcomeMemory, slots: slots, doorbell: doorbell)
        self.doorbell = doorbell
        self.workers = workers
        self.slots = slots
        memory = try LazyMemory(bytes: (workers + 1) * slots * MemoryLayout<Atomic<UInt32>>.stride)
        unsafe sums = memory.bound(to: Atomic<UInt32>.self, count: (workers + 1) * slots)
        unsafe counters = sums + slots
    }

    /// Adds to the calling worker's own counter.
    ///
    /// - Returns: the connections of all workers on the slot, this one included.
    @inline(__always) @discardableResult
    func increment(worker: Int, slot: UInt32) -> UInt32 {
        let index = worker * slots + Int(slot)
        let value = unsafe counters[index].load(ordering: .relaxed)
        unsafe counters[index].store(value &+ 1, ordering: .relaxed)
        return unsafe sums[Int(slot)].wrappingAdd(1, ordering: .relaxed).newValue
    }

    /// The release makes a slot's last use happen before the publisher gives it to another address.
    @inline(__always)
    func decrement(worker: Int, slot: UInt32) {
        let index = worker * slots + Int(slot)
        let value = unsafe counters[index].load(ordering: .relaxed)
        precondition(value > 0, "an endpoint was left more often than it was chosen")
        unsafe counters[index].store(value &- 1, ordering: .relaxed)
        unsafe sums[Int(slot)].wrappingSubtract(1, ordering: .releasing)
    }

    /// Connections of all workers on a slot.
    @inline(__always)
    func load(of slot: UInt32) -> UInt32 { sumsNow.load(of: slot) }

    /// The sums, for who looks at many of them.
    var sumsNow: LoadSums { unsafe LoadSums(sums: sums, slots: slots) }
}

/// The sums of a ``LoadTable``, as a value: a choice counts no reference.
@safe
struct LoadSums {
    fileprivate let sums: UnsafeMutablePointer<Atomic<UInt32>>
    fileprivate let slots: Int

    fileprivate init(sums: UnsafeMutablePointer<Atomic<UInt32>>, slots: Int) {
        unsafe self.sums = sums
        self.slots = slots
    }

    @inline(__always)
    func load(of slot: UInt32) -> UInt32 {
        precondition(slot < UInt32(truncatingIfNeeded: slots), "a slot outside the table")
        return unsafe sums[Int(slot)].load(ordering: .acquiring)
    }
}
