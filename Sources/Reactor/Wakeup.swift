import CURing
import Glibc

/// Wakes a sleeping worker from any thread (eventfd(2)). Wake-ups add up: many before the next look are one.
public final class Wakeup: Sendable {
    /// Becomes readable after ``signal()``.
    public let descriptor: Int32

    public init() throws(SystemError) {
        descriptor = fanout_eventfd()
        guard descriptor >= 0 else { throw SystemError("eventfd", errno: -descriptor) }
    }

    deinit { close(descriptor) }

    /// Callable from every thread; never blocks.
    public func signal() { Self.signal(descriptor) }

    /// For who knows the ``descriptor`` alone, because a reference would be counted.
    public static func signal(_ descriptor: Int32) {
        var one: UInt64 = 1
        // A full counter (EAGAIN) is a pending wake-up: nothing is lost.
        _ = unsafe write(descriptor, &one, 8)
    }

    /// Forgets the wake-ups so far.
    public func clear() {
        var count: UInt64 = 0
        _ = unsafe read(descriptor, &count, 8)
    }
}
