import CURing
import Glibc

/// Receive buffers of one size that the kernel takes from by itself (io_uring_register_buf_ring(3), Linux 5.19).
///
/// Used by the ring's thread alone. Memory becomes real as it is used.
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
    @usableFromInline let freeBox: UnsafeMutablePointer<Int>

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
        unsafe freeBox = .allocate(capacity: 1)
        unsafe freeBox.initialize(to: 0)
    }

    deinit { unsafe freeBox.deallocate() }

    /// Makes the buffers known to a ring, all of them free; 0 or a negated `errno`.
    func register(with uring: UnsafeMutablePointer<io_uring>) -> Int32 {
        var registration = io_uring_buf_reg()
        registration.ring_addr = UInt64(UInt(bitPattern: unsafe ring))
        registration.ring_entries = UInt32(count)
        registration.bgid = group
        let code = unsafe io_uring_register_buf_ring(uring, &registration, 0)
        if code == 0 {
            for offset in 0..<count { release(firstIndex + BufferIndex(offset)) }
        }
        return code
    }

    /// Buffers that the kernel may take now.
    @inlinable var free: Int { unsafe freeBox.pointee }

    /// The kernel has filled one.
    @inlinable @inline(__always)
    func taken() { unsafe freeBox.pointee &-= 1 }

    @inlinable @inline(__always)
    func release(_ buffer: BufferIndex) {
        let (length, mask) = (UInt32(truncatingIfNeeded: size), UInt32(truncatingIfNeeded: count &- 1))
        unsafe fanout_buf_ring_put(ring, address(of: buffer), length, buffer, mask)
        unsafe freeBox.pointee &+= 1
    }

    @inlinable @inline(__always)
    func address(of buffer: BufferIndex) -> UnsafeMutableRawPointer {
        unsafe base + Int(buffer &- firstIndex) &* size
    }
}
