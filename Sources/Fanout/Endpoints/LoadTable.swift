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

    /// Memory becomes real only for the slots in use: 4 bytes a slot and worker, and 4 for the sum.
    init(workers: Int, slots: Int) throws(SystemError) {
        self.workers = workers
        self.slots = slots
        memory = try LazyMemory(bytes: (workers + 1) * slots * MemoryLayout<Atomic<UInt32>>.stride)
        unsafe sums = memory.bound(to: Atomic<UInt32>.self, count: (workers + 1) * slots)
        unsafe counters = sums + slots
    }

    /// Adds to the calling worker's own counter.
    @inline(__always)
    func increment(worker: Int, slot: UInt32) {
        let index = worker * slots + Int(slot)
        let value = unsafe counters[index].load(ordering: .relaxed)
        unsafe counters[index].store(value &+ 1, ordering: .relaxed)
        unsafe sums[Int(slot)].wrappingAdd(1, ordering: .relaxed)
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
    func load(of slot: UInt32) -> UInt32 {
        precondition(slot < UInt32(truncatingIfNeeded: slots), "a slot outside the table")
        return unsafe sums[Int(slot)].load(ordering: .acquiring)
    }
}
