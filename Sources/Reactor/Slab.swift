/// A fixed number of slots for plain values, handed out and taken back in constant time, without allocation.
///
/// Owned and used by one thread. Memory becomes real only as far as slots have ever been in use together:
/// free ones are reused last in, first out. `Element` must be a plain value for which all-zero bytes are valid.
@safe public final class Slab<Element: BitwiseCopyable> {
    public let capacity: Int
    /// ``capacity`` as slots are counted.
    private let limit: UInt32
    private let memory: LazyMemory
    private let freeMemory: LazyMemory
    private let elements: UnsafeMutablePointer<Element>
    private let free: UnsafeMutablePointer<UInt32>
    private let counts: UnsafeMutablePointer<Counts>

    private struct Counts: BitwiseCopyable {
        var free: Int
        var touched: Int
    }

    public init(capacity: Int) throws(SystemError) {
        self.capacity = capacity
        limit = UInt32(capacity)
        memory = try LazyMemory(bytes: capacity * MemoryLayout<Element>.stride)
        freeMemory = try LazyMemory(bytes: capacity * MemoryLayout<UInt32>.stride)
        unsafe elements = memory.bound(to: Element.self, count: capacity)
        unsafe free = freeMemory.bound(to: UInt32.self, count: capacity)
        unsafe counts = UnsafeMutablePointer.allocate(capacity: 1)
        unsafe counts.initialize(to: Counts(free: 0, touched: 0))
    }

    deinit { unsafe counts.deallocate() }

    /// Slots in use now.
    public var used: Int { unsafe counts.pointee.touched - counts.pointee.free }
    /// Slots that have ever been in use; all others are untouched zeroes.
    public var touched: Int { unsafe counts.pointee.touched }

    /// A slot with whatever its last owner left in it (zeroes at first), or nil when all are in use.
    @inline(__always)
    public func take() -> UInt32? {
        if unsafe counts.pointee.free > 0 {
            unsafe counts.pointee.free -= 1
            return unsafe free[counts.pointee.free]
        }
        guard unsafe counts.pointee.touched < capacity else { return nil }
        unsafe counts.pointee.touched += 1
        return unsafe UInt32(counts.pointee.touched - 1)
    }

    @inline(__always)
    public func giveBack(_ slot: UInt32) {
        precondition(unsafe counts.pointee.free < counts.pointee.touched, "a slot was given back twice")
        unsafe free[counts.pointee.free] = slot
        unsafe counts.pointee.free += 1
    }

    /// The value in a slot; it stays where it is for the life of the slab.
    @inline(__always)
    public func pointer(_ slot: UInt32) -> UnsafeMutablePointer<Element> {
        precondition(slot < limit, "a slot outside the slab")
        return unsafe elements + Int(slot)
    }
}
