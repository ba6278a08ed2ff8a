import CURing
import Glibc

/// Receive buffers of one size that the kernel takes from by itself (io_uring_register_buf_ring(3), Linux 5.19).
///
/// Used by the ring's thread alone. Memory becomes real as it is used.
@safe
final class ProvidedBuffers {
    let group: UInt16
    let count: Int
    let size: Int
    private let firstIndex: BufferIndex
    private let memory: LazyMemory
    private let ringMemory: LazyMemory
    private let ring: UnsafeMutablePointer<io_uring_buf_ring>
    private let freeBox: UnsafeMutablePointer<Int>

    /// - Parameters:
    ///   - firstIndex: the pools of a driver number their buffers one after the other.
    ///   - count: a power of two.
    init(group: UInt16, firstIndex: BufferIndex, count: Int, size: Int) throws(SystemError) {
        self.group = group
        self.firstIndex = firstIndex
        self.count = count
        self.size = size
        memory = try LazyMemory(bytes: count * size)
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
    var free: Int { unsafe freeBox.pointee }

    @inline(__always)
    func holds(_ buffer: BufferIndex) -> Bool {
        buffer >= firstIndex && Int(buffer) < Int(firstIndex) + count
    }

    /// The kernel has filled one.
    @inline(__always)
    func taken() { unsafe freeBox.pointee -= 1 }

    @inline(__always)
    func release(_ buffer: BufferIndex) {
        unsafe fanout_buf_ring_put(ring, address(of: buffer), UInt32(size), buffer, UInt32(count - 1))
        unsafe freeBox.pointee += 1
    }

    @inline(__always)
    func address(of buffer: BufferIndex) -> UnsafeMutableRawPointer {
        unsafe memory.base + Int(buffer - firstIndex) * size
    }
}
