import Reactor

/// How large the receive buffers of each worker are: as usual, or what a small memory limit leaves room for.
struct BufferPlan: Hashable, Sendable {
    /// Buffers may take one part in so many of a memory limit; the rest is for the process and its connections.
    static let shareOfMemory: UInt64 = 4

    /// Of one worker.
    private(set) var sizes = BufferSizes()
    /// Why they are smaller than usual, for people; nil where they are not.
    private(set) var reason: String?

    init(memory: MemoryLimit?, workers: Int) {
        guard let memory else { return }
        let usual = sizes
        while UInt64(workers * sizes.bytes) > memory.bytes / Self.shareOfMemory, sizes.halve() {}
        guard sizes != usual else { return }
        reason = "at most a quarter of \(memory.bytes >> 20) MiB of memory (\(memory.source))"
    }

    /// `5 MiB a worker`, and why if that is not the usual.
    var description: String {
        let size = sizes.bytes % (1 << 20) == 0 ? "\(sizes.bytes >> 20) MiB" : "\(sizes.bytes >> 10) KiB"
        return "\(size) a worker" + (reason.map { ": \($0)" } ?? "")
    }
}
