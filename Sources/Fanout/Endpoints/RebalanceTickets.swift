import Reactor
import Synchronization

/// How many sessions of each endpoint may be closed so that their clients connect again elsewhere.
///
/// Granted by the supervisor, a round at a time; each worker looks once for each round, and takes a ticket for each
/// session it closes.
@safe
final class RebalanceTickets: @unchecked Sendable {
    private let slots: Int
    private let memory: LazyMemory
    private let tickets: UnsafeMutablePointer<Atomic<UInt32>>
    private let rounds = Atomic<UInt64>(0)
    /// Slots with tickets of the last round; the supervisor's.
    private var granted: [UInt32] = []

    init(slots: Int) throws(SystemError) {
        self.slots = slots
        memory = try LazyMemory(bytes: slots * MemoryLayout<Atomic<UInt32>>.stride)
        unsafe tickets = memory.bound(to: Atomic<UInt32>.self, count: slots)
    }

    private func tickets(of slot: UInt32) -> UnsafeMutablePointer<Atomic<UInt32>> {
        precondition(slot < UInt32(truncatingIfNeeded: slots), "a slot outside the table")
        return unsafe tickets + Int(slot)
    }

    // MARK: The supervisor

    /// Begins a round with these tickets; those of the last one are void. The workers must be woken afterwards.
    func grant(_ grants: [(slot: UInt32, count: UInt32)]) {
        for slot in granted { unsafe tickets(of: slot).pointee.store(0, ordering: .relaxed) }
        granted = grants.map(\.slot)
        for (slot, count) in grants { unsafe tickets(of: slot).pointee.store(count, ordering: .relaxed) }
        if !grants.isEmpty { rounds.add(1, ordering: .releasing) }
    }

    // MARK: Workers

    /// Changes with each round.
    @inline(__always)
    var round: UInt64 { rounds.load(ordering: .acquiring) }

    func hasTickets(_ slot: UInt32) -> Bool { unsafe tickets(of: slot).pointee.load(ordering: .relaxed) > 0 }

    /// False when another worker was quicker.
    func take(_ slot: UInt32) -> Bool {
        let counter = unsafe tickets(of: slot)
        var count = unsafe counter.pointee.load(ordering: .relaxed)
        while count > 0 {
            let taken = unsafe counter.pointee.compareExchange(expected: count, desired: count - 1, ordering: .relaxed)
            if taken.exchanged { return true }
            count = taken.original
        }
        return false
    }
}
