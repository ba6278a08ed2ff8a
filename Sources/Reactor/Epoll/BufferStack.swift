/// Receive buffers of one size, the last one given back first out: few become real memory where few are in use.
///
/// One thread's.
@safe final class BufferStack {
    let firstIndex: BufferIndex
    let size: Int
    private let count: Int
    private let memory: LazyMemory
    private let stack: UnsafeMutablePointer<BufferIndex>
    private let freeBox: UnsafeMutablePointer<Int>

    /// - Parameter firstIndex: the pools of a driver number their buffers one after the other.
    init(firstIndex: BufferIndex, count: Int, size: Int) throws(SystemError) {
        self.firstIndex = firstIndex
        self.count = count
        self.size = size
        memory = try LazyMemory(bytes: count * size)
        unsafe stack = .allocate(capacity: count)
        for place in 0..<count { unsafe stack[place] = firstIndex + BufferIndex(count - 1 - place) }
        unsafe freeBox = .allocate(capacity: 1)
        unsafe freeBox.initialize(to: count)
    }

    deinit {
        unsafe stack.deallocate()
        unsafe freeBox.deallocate()
    }

    var free: Int { unsafe freeBox.pointee }

    func take() -> BufferIndex? {
        guard free > 0 else { return nil }
        unsafe freeBox.pointee &-= 1
        return unsafe stack[free]
    }

    func release(_ buffer: BufferIndex) {
        precondition(free < count, "a buffer was given back twice")
        unsafe stack[free] = buffer
        unsafe freeBox.pointee &+= 1
    }

    func address(of buffer: BufferIndex) -> UnsafeMutableRawPointer {
        unsafe memory.base + Int(buffer &- firstIndex) &* size
    }
}
