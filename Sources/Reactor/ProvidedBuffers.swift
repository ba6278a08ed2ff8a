import CURing
import Glibc

/// Receive buffers of one size that the kernel takes from by itself (io_uring_register_buf_ring(3), Linux 5.19).
///
/// Used by the ring's thread alone. The kernel takes them in turn, so each that it may take becomes real memory: it is
/// given a few, and twice as many whenever these were not enough.
@safe @usableFromInline
final class ProvidedBuffers {
    let group: UInt16
    @usableFromInline let count: Int
    @usableFromInline let size: Int
    @usableFromInline let firstIndex: BufferIndex
    private let memory: LazyMemory
    @usableFromInline let base: UnsafeMutableRawPointer
    private let ringMemory: LazyMemory
    @usableFromInline let ring: UnsafeMutablePointer<io_uring_buf_ring>
    @usableFromInline let state: UnsafeMutablePointer<State>
    /// Buffers that the kernel is given at first.
    private static let first = 96

    @usableFromInline struct State: BitwiseCopyable {
        /// Buffers that the kernel may take now.
        @usableFromInline var offered: Int
        /// Buffers that it was ever given.
        @usableFromInline var given: Int
        /// Since the turn began.
        var hasGrown: Bool
    }

    /// - Parameters:
    ///   - firstIndex: the pools of a driver number their buffers one after the other.
    ///   - count: a power of two.
    init(group: UInt16, firstIndex: BufferIndex, count: Int, size: Int) throws(SystemError) {
        self.group = group
        self.firstIndex = firstIndex
        self.count = count
        self.size = size
        memory = try LazyMemory(bytes: count * size)
        unsafe base = memory.base
        ringMemory = try LazyMemory(bytes: count * MemoryLayout<io_uring_buf>.stride)
        unsafe ring = ringMemory.bound(to: io_uring_buf_ring.self, count: 1)
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(to: State(offered: 0, given: 0, hasGrown: false))
    }

    deinit { unsafe state.deallocate() }

    /// Makes the buffers known to a ring, which may take the first of them; 0 or a negated `errno`.
    func register(with uring: UnsafeMutablePointer<io_uring>) -> Int32 {
        var registration = io_uring_buf_reg()
        registration.ring_addr = UInt64(UInt(bitPattern: unsafe ring))
        registration.ring_entries = UInt32(count)
        registration.bgid = group
        let code = unsafe io_uring_register_buf_ring(uring, &registration, 0)
        if code == 0 { give(Self.first) }
        return code
    }

    /// Lets the kernel have that many more, or all that are left.
    private func give(_ more: Int) {
        let given = unsafe state.pointee.given
        let target = min(count, given + more)
        for offset in given..<target { release(firstIndex + BufferIndex(offset)) }
        unsafe state.pointee.given = target
    }

    /// Those it has were not enough; in one turn this counts once.
    @usableFromInline @inline(never)
    func giveMore() {
        guard unsafe !state.pointee.hasGrown else { return }
        unsafe state.pointee.hasGrown = true
        give(unsafe state.pointee.given)
    }

    func beginTurn() { unsafe state.pointee.hasGrown = false }

    /// Buffers that nobody holds.
    @inlinable var free: Int { unsafe count &- state.pointee.given &+ state.pointee.offered }

    /// The kernel has filled one.
    @inlinable @inline(__always)
    func taken() {
        unsafe state.pointee.offered &-= 1
        if unsafe state.pointee.offered == 0 { giveMore() }
    }

    @inlinable @inline(__always)
    func release(_ buffer: BufferIndex) {
        let (length, mask) = (UInt32(truncatingIfNeeded: size), UInt32(truncatingIfNeeded: count &- 1))
        unsafe fanout_buf_ring_put(ring, address(of: buffer), length, buffer, mask)
        unsafe state.pointee.offered &+= 1
    }

    @inlinable @inline(__always)
    func address(of buffer: BufferIndex) -> UnsafeMutableRawPointer {
        unsafe base + Int(buffer &- firstIndex) &* size
    }
}
