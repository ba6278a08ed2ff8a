import Reactor
import Synchronization

/// What workers need of each other to hand clients over: how many each has, where to leave one, and how to wake it.
///
/// A client counts from the moment in which a worker is chosen for it, by compare and exchange on the count that the
/// choice was made from. So workers that choose at the same time do not all choose the same one: while counts only
/// grow, none is ever given more than one above the least.
@safe
final class HandoverTable: @unchecked Sendable {
    private static let inboxAt = 64
    private static let stride = inboxAt + (Inbox.bytes + 63) / 64 * 64

    let workers: Int
    private let memory: LazyMemory
    private let descriptors: UnsafeMutablePointer<Int32>
    /// Keeps the descriptors open.
    private let wakeups: [Wakeup]

    /// - Parameter wakeups: one for each worker.
    init(wakeups: [Wakeup]) throws(SystemError) {
        workers = wakeups.count
        self.wakeups = wakeups
        memory = try LazyMemory(bytes: workers * Self.stride)
        unsafe descriptors = .allocate(capacity: workers)
        for (index, wakeup) in wakeups.enumerated() {
            unsafe (descriptors + index).initialize(to: wakeup.descriptor)
        }
    }

    deinit { unsafe descriptors.deallocate() }

    private func row(_ worker: Int) -> UnsafeMutableRawPointer {
        precondition(worker < workers, "a worker outside the table")
        return unsafe memory.base + worker * Self.stride
    }

    private func counter(_ worker: Int) -> UnsafeMutablePointer<Atomic<Int>> {
        unsafe row(worker).assumingMemoryBound(to: Atomic<Int>.self)
    }

    func inbox(of worker: Int) -> Inbox { unsafe Inbox(at: row(worker) + Self.inboxAt) }

    // MARK: Counts

    /// Clients that a worker serves or will find in its inbox.
    func count(of worker: Int) -> Int { unsafe counter(worker).pointee.load(ordering: .relaxed) }

    /// Counts one more, if the count still is what the caller has seen.
    func claim(_ worker: Int, seen count: Int) -> Bool {
        let counter = unsafe counter(worker)
        return unsafe counter.pointee.compareExchange(expected: count, desired: count + 1, ordering: .relaxed).exchanged
    }

    /// Counts one more, whatever the others do.
    func enter(_ worker: Int) { unsafe counter(worker).pointee.add(1, ordering: .relaxed) }

    func leave(_ worker: Int) { unsafe counter(worker).pointee.subtract(1, ordering: .relaxed) }

    // MARK: Handing over

    /// Gives a client to a worker and wakes it; false when its inbox takes none.
    func give(_ client: Inbox.Client, to worker: Int) -> Bool {
        guard inbox(of: worker).push(client) else { return false }
        Wakeup.signal(unsafe descriptors[worker])
        return true
    }
}
