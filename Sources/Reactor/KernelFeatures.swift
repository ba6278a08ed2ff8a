import CURing
import Glibc

/// Kernel features that the driver and the pipes use where they are there, and do without where they are not.
public struct KernelFeatures: Sendable, Equatable {
    /// io_uring_enter(2) without looking the ring's descriptor up (Linux 5.18).
    public var registeredRing: Bool
    /// splice(2), which a seccomp filter may refuse; bulk is copied then.
    public var splice: Bool

    public init(registeredRing: Bool, splice: Bool = Self.allowsSplice) {
        self.registeredRing = registeredRing
        self.splice = splice
    }

    /// Whether this process may call splice(2): asked with descriptors that are none, which the call itself refuses with
    /// `EBADF`, and a filter with anything else.
    public static var allowsSplice: Bool { fanout_splice(-1, -1, 1) == -EBADF }

    /// The names of those that are there, or of those that are not.
    public func names(present: Bool) -> [String] {
        [("registered_ring", registeredRing), ("splice", splice)].filter { $0.1 == present }.map(\.0)
    }
}
