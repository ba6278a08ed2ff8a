/// Kernel features that the io_uring driver uses where they are there, and does without where they are not.
public struct UringFeatures: Sendable, Equatable {
    /// Waiting for several completions at once, for a short time (Linux 6.12); else for one.
    public var batchedWait: Bool
    /// io_uring_enter(2) without looking the ring's descriptor up (Linux 5.18).
    public var registeredRing: Bool

    public init(batchedWait: Bool, registeredRing: Bool) {
        self.batchedWait = batchedWait
        self.registeredRing = registeredRing
    }

    /// The names of those that are there, or of those that are not.
    public func names(present: Bool) -> [String] {
        [("batched_wait", batchedWait), ("registered_ring", registeredRing)].filter { $0.1 == present }.map(\.0)
    }
}
