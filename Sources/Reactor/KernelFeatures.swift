import CURing
import Glibc

/// Kernel features that a driver and the pipes use where they are there, and do without where they are not.
public struct KernelFeatures: Sendable {
    private let features: [(name: String, isPresent: Bool)]

    public init(_ features: [(name: String, isPresent: Bool)]) { self.features = features }

    /// Whether this process may call splice(2), which moves bulk without copying it: asked with descriptors that are
    /// none, which the call itself refuses with `EBADF`, and a seccomp filter with anything else.
    public static var allowsSplice: Bool { fanout_splice(-1, -1, 1) == -EBADF }

    /// The names of those that are there, or of those that are not.
    public func names(present: Bool) -> [String] { features.filter { $0.isPresent == present }.map(\.name) }
}
