import Glibc

/// A moment on the monotonic clock, in nanoseconds since boot; clock jumps do not touch it (clock_gettime(2)).
public struct Deadline: Comparable, BitwiseCopyable, Sendable {
    public let nanoseconds: UInt64

    @inline(__always)
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// A moment that never comes.
    public static let never = Deadline(nanoseconds: .max)

    public static func now() -> Deadline {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Deadline(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }

    @inline(__always)
    public static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

    /// `duration` nanoseconds later, ``never`` on overflow.
    @inline(__always)
    public func advanced(by duration: UInt64) -> Deadline {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration)
        return overflow ? .never : Deadline(nanoseconds: sum)
    }

    /// Nanoseconds since `earlier`, 0 if that lies ahead.
    @inline(__always)
    public func since(_ earlier: Deadline) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds &- earlier.nanoseconds : 0
    }
}
