import Reactor
import Synchronization

/// One atomic pointer from the discovery thread to all workers, and the news of which version each worker holds.
///
/// A snapshot is freed when every worker has announced a later one; the version is the epoch, so workers pay one
/// load a turn and no reference counts. A worker that is stuck costs freshness, not memory: at
/// ``longestRetirement`` retired snapshots the publisher holds back until one can be freed.
@safe
final class Publication: @unchecked Sendable {
    static let longestRetirement = 64
    /// What a worker announces before it has adopted anything, and after its end.
    private static let notStarted: UInt64 = 0
    private static let ended = UInt64.max
    /// Announcements stand a cache line apart.
    private static let stride = 64

    private let current: Atomic<UInt>
    private let announcements: LazyMemory
    private let wakeups: [Wakeup]
    /// Touched by the publishing thread alone.
    private var retired: [EndpointSnapshot] = []

    init(first: EndpointSnapshot, wakeups: [Wakeup]) throws(SystemError) {
        current = Atomic(first.bits)
        announcements = try LazyMemory(bytes: wakeups.count * Self.stride)
        self.wakeups = wakeups
    }

    deinit {
        for snapshot in retired { snapshot.free() }
        EndpointSnapshot(bits: current.load(ordering: .acquiring)).free()
    }

    private func announcement(_ worker: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        unsafe (announcements.base + worker * Self.stride).assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    // MARK: Workers

    /// The newest snapshot; called by a worker at the top of its loop and nowhere else. What the worker held before
    /// must not be touched any more.
    @inline(__always)
    func adopt(worker: Int, held: EndpointSnapshot?) -> EndpointSnapshot {
        let bits = current.load(ordering: .acquiring)
        if let held, held.bits == bits { return held }
        let snapshot = EndpointSnapshot(bits: bits)
        unsafe announcement(worker).pointee.store(snapshot.version, ordering: .releasing)
        return snapshot
    }

    /// The worker will read nothing any more.
    func leave(worker: Int) {
        unsafe announcement(worker).pointee.store(Self.ended, ordering: .releasing)
    }

    // MARK: The publisher (one thread at a time)

    /// Whether a snapshot can be published now; false only while a worker has been stuck for a long time.
    var hasRoom: Bool {
        reclaim()
        return retired.count < Self.longestRetirement
    }

    /// Replaces the snapshot and wakes every worker. The versions must grow.
    func publish(_ snapshot: EndpointSnapshot) {
        retired.append(EndpointSnapshot(bits: current.exchange(snapshot.bits, ordering: .acquiringAndReleasing)))
        for wakeup in wakeups { wakeup.signal() }
        reclaim()
    }

    /// Frees what no worker can hold, and returns the oldest version that is still alive.
    @discardableResult
    func reclaim() -> UInt64 {
        var oldest = UInt64.max
        for worker in wakeups.indices {
            oldest = min(oldest, unsafe announcement(worker).pointee.load(ordering: .acquiring))
        }
        retired.removeAll { snapshot in
            guard snapshot.version < oldest else { return false }
            snapshot.free()
            return true
        }
        return retired.first?.version ?? EndpointSnapshot(bits: current.load(ordering: .relaxed)).version
    }
}
