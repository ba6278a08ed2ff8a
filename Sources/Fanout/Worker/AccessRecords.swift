import Reactor
import Synchronization

/// One closed (or, with an access-log interval, living) connection, as the worker knew it.
struct AccessRecord: BitwiseCopyable {
    var connection: UInt64
    var endpoint: UInt64
    var at: Deadline
    var durationMicroseconds: UInt64
    var txBytes: UInt64
    var rxBytes: UInt64
    var connectMicroseconds: UInt32
    var firstByteMicroseconds: UInt32
    var error: Int32
    var service: UInt16
    var attempts: UInt16
    var worker: UInt16
    var reason: CloseReason
    var isOpen: Bool
    var client: CompactAddress
}

/// A bounded queue of records from one worker to the access log's thread: no locks; when it is full, records are
/// dropped and counted, never waited for.
@safe
final class AccessRecords: @unchecked Sendable {
    static let capacity = 8_192

    private let memory: LazyMemory
    private let records: UnsafeMutablePointer<AccessRecord>
    private let head = Atomic<UInt64>(0)
    private let tail = Atomic<UInt64>(0)
    /// Set while the reader sleeps without a time limit and must be woken by the first record.
    private let readerSleeps = Atomic<Bool>(true)
    private let doorbell: Wakeup

    init(doorbell: Wakeup) throws(SystemError) {
        memory = try LazyMemory(bytes: Self.capacity * MemoryLayout<AccessRecord>.stride)
        unsafe records = memory.bound(to: AccessRecord.self, count: Self.capacity)
        self.doorbell = doorbell
    }

    /// The worker's side; false when the queue is full.
    func append(_ record: AccessRecord) -> Bool {
        let end = tail.load(ordering: .relaxed)
        let used = end &- head.load(ordering: .acquiring)
        guard used < UInt64(Self.capacity) else { return false }
        unsafe records[Int(end % UInt64(Self.capacity))] = record
        tail.store(end &+ 1, ordering: .sequentiallyConsistent)
        // Ring only for a sleeper, or when the reader's pause would let the queue run full.
        if readerSleeps.load(ordering: .sequentiallyConsistent) {
            if readerSleeps.exchange(false, ordering: .acquiringAndReleasing) { doorbell.signal() }
        } else if used == UInt64(Self.capacity / 2) {
            doorbell.signal()
        }
        return true
    }

    /// The reader's side: hands over everything that is there.
    func drain(_ body: (AccessRecord) -> Void) {
        var start = head.load(ordering: .relaxed)
        let end = tail.load(ordering: .acquiring)
        while start != end {
            body(unsafe records[Int(start % UInt64(Self.capacity))])
            start &+= 1
            head.store(start, ordering: .releasing)
        }
    }

    /// The reader is about to sleep until the doorbell; false if there is something to read first.
    func readerMaySleep() -> Bool {
        readerSleeps.store(true, ordering: .sequentiallyConsistent)
        return head.load(ordering: .relaxed) == tail.load(ordering: .sequentiallyConsistent)
    }
}
