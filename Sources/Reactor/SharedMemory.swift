/// Lazily touched memory with an identity, for what several owners point into.
@safe
public final class SharedMemory: @unchecked Sendable {
    private let memory: LazyMemory

    public init(bytes: Int) throws(SystemError) { memory = try LazyMemory(bytes: bytes) }

    public func at(_ offset: Int) -> UnsafeMutableRawPointer { unsafe memory.base + offset }
}
