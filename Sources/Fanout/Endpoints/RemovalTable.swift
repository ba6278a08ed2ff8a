import Reactor
import Synchronization

/// When the endpoint of each slot left the set, if it has.
///
/// Written by the registry, under its lock and before the snapshot without the endpoint is published; read by workers
/// after they have taken up a snapshot.
@safe
final class RemovalTable: @unchecked Sendable {
    private let slots: Int
    private let clock: () -> Deadline
    private let memory: LazyMemory
    /// Nanoseconds of the monotonic clock; 0 while the endpoint is there.
    private let moments: UnsafeMutablePointer<Atomic<UInt64>>

    /// - Parameter clock: the one that workers read their deadlines on (``Driver/now``).
    init(slots: Int, clock: @escaping () -> Deadline = Deadline.now) throws(SystemError) {
        self.slots = slots
        self.clock = clock
        memory = try LazyMemory(bytes: slots * MemoryLayout<Atomic<UInt64>>.stride)
        unsafe moments = memory.bound(to: Atomic<UInt64>.self, count: slots)
    }

    /// The endpoint leaves now.
    func note(_ slot: UInt32) { store(clock().nanoseconds, slot) }

    /// The endpoint has come back, or the slot is another's now.
    func clear(_ slot: UInt32) {
        // Most slots never held anything else, and their memory is not to become real.
        if removal(of: slot) != nil { store(0, slot) }
    }

    private func store(_ nanoseconds: UInt64, _ slot: UInt32) {
        precondition(slot < UInt32(truncatingIfNeeded: slots), "a slot outside the table")
        unsafe moments[Int(slot)].store(nanoseconds, ordering: .relaxed)
    }

    /// Nil while the endpoint is in the set.
    func removal(of slot: UInt32) -> Deadline? {
        precondition(slot < UInt32(truncatingIfNeeded: slots), "a slot outside the table")
        let nanoseconds = unsafe moments[Int(slot)].load(ordering: .relaxed)
        return nanoseconds == 0 ? nil : Deadline(nanoseconds: nanoseconds)
    }
}
