import Reactor
import Synchronization

/// How many connections each worker has on each endpoint slot.
///
/// A row a worker, and only that worker writes it; anybody may read. The load of an endpoint is the sum over the
/// rows, which may be behind by what other workers are doing at this moment, never wrong for long.
@safe
final class LoadTable: @unchecked Sendable {
    let workers: Int
    let slots: Int
    private let memory: LazyMemory
    private let counters: UnsafeMutablePointer<Atomic<UInt32>>

    /// Memory becomes real only for the slots in use: 4 bytes a slot and worker.
    init(workers: Int, slots: Int) throws(SystemError) {
        self.workers = workers
        self.slots = slots
        memory = try LazyMemory(bytes: workers * slots * MemoryLayout<Atomic<UInt32>>.stride)
        unsafe counters = memory.bound(to: Atomic<UInt32>.self, count: workers * slots)
    }

    /// Adds to the calling worker's own counter.
    @inline(__always)
    func increment(worker: Int, slot: UInt32) {
        let index = worker * slots + Int(slot)
        let value = unsafe counters[index].load(ordering: .relaxed)
        unsafe counters[index].store(value &+ 1, ordering: .relaxed)
    }

    /// The release makes a slot's last use happen before the publisher gives it to another address.
    @inline(__always)
    func decrement(worker: Int, slot: UInt32) {
        let index = worker * slots + Int(slot)
        let value = unsafe counters[index].load(ordering: .relaxed)
        precondition(value > 0, "an endpoint was left more often than it was chosen")
        unsafe counters[index].store(value &- 1, ordering: .releasing)
    }

    /// Connections of all workers on a slot.
    @inline(__always)
    func load(of slot: UInt32) -> UInt32 {
        var sum: UInt32 = 0
        var index = Int(slot)
        for _ in 0..<workers {
            sum &+= unsafe counters[index].load(ordering: .acquiring)
            index += slots
        }
        return sum
    }
}
