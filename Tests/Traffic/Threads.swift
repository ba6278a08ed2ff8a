import Glibc
import Synchronization

/// A mutual exclusion lock over pthread_mutex, which ThreadSanitizer understands.
@safe final class Lock<Value>: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private var value: Value

    init(_ value: Value) {
        self.value = value
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    func withLock<R>(_ body: (inout Value) -> R) -> R {
        unsafe pthread_mutex_lock(mutex)
        defer { _ = unsafe pthread_mutex_unlock(mutex) }
        return body(&value)
    }
}

/// One pthread that runs a closure; `join` waits for its end and is called exactly once.
@safe struct WorkerThread: @unchecked Sendable {
    private let thread: pthread_t

    private final class Entry {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    init(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let entry = unsafe Unmanaged.passRetained(Entry(body)).toOpaque()
        let result = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                // The argument is the one that pthread_create was given just below: never null.
                if let argument = unsafe argument {
                    unsafe Unmanaged<Entry>.fromOpaque(argument).takeRetainedValue().body()
                }
                return nil
            },
            entry
        )
        precondition(result == 0, "pthread_create: errno \(result)")
        self.thread = thread
    }

    func join() {
        _ = pthread_join(thread, nil)
    }
}

/// A flag with a descriptor: polling engines wait on it, `raise` wakes every one of them for good.
final class StopSignal: Sendable {
    private let raised = Atomic<Bool>(false)
    /// Readable for poll(2) once raised.
    let descriptor: Int32
    private let writeEnd: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        let result = unsafe pipe(&ends)
        precondition(result == 0, "pipe: errno \(errno)")
        descriptor = ends[0]
        writeEnd = ends[1]
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    deinit {
        close(descriptor)
        if !isRaised { close(writeEnd) }
    }

    var isRaised: Bool { raised.load(ordering: .acquiring) }

    /// Returns false when it was raised before.
    @discardableResult
    func raise() -> Bool {
        let first = !raised.exchange(true, ordering: .acquiringAndReleasing)
        // The end of file on the pipe wakes all its readers.
        if first { close(writeEnd) }
        return first
    }
}

/// Monotonic time in nanoseconds.
enum MonotonicTime {
    static let nanosecondsPerMillisecond: UInt64 = 1_000_000

    static var now: UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static func after(seconds: Double) -> UInt64 {
        now + UInt64(seconds * 1e9)
    }

    /// Waits until `condition` holds, looking every 2 ms; false when `seconds` passed first.
    static func wait(seconds: Double, until condition: () -> Bool) -> Bool {
        let deadline = after(seconds: seconds)
        while !condition() {
            if now >= deadline { return false }
            usleep(2_000)
        }
        return true
    }
}
