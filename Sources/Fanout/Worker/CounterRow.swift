import Synchronization

/// Numbers side by side in memory: one thread adds to them, anybody reads, each number by itself.
@safe
struct CounterRow: @unchecked Sendable {
    /// Rows of two writers never share a cache line, nor the pair that the prefetcher fetches.
    @inline(__always)
    static func bytes(of count: Int) -> Int { (count * 8 + 127) / 128 * 128 }

    private let numbers: UnsafeMutablePointer<Atomic<UInt64>>

    /// - Parameter memory: zeroed bytes that outlive every use.
    @inline(__always)
    init(at memory: UnsafeMutableRawPointer) {
        unsafe numbers = memory.assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    /// The writer alone.
    @inline(__always)
    func add(_ index: Int, _ amount: UInt64) {
        let value = unsafe numbers[index].load(ordering: .relaxed)
        unsafe numbers[index].store(value &+ amount, ordering: .relaxed)
    }

    /// The writer alone.
    @inline(__always)
    func set(_ index: Int, _ value: UInt64) { unsafe numbers[index].store(value, ordering: .relaxed) }

    /// Any thread.
    @inline(__always)
    subscript(index: Int) -> UInt64 { unsafe numbers[index].load(ordering: .relaxed) }
}
