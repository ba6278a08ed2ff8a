import Reactor

/// The receive buffers of one pool: each belongs to the kernel, to a result under way, or to the worker.
final class SimulatedBuffers {
    enum Owner: Equatable { case kernel, result, worker }

    let size: Int
    let firstIndex: Int
    private(set) var owners: [Owner]
    private var memory: [UInt8]
    /// Bytes that were received into each.
    private(set) var lengths: [Int]
    /// What the worker knows to be free.
    private(set) var visiblyFree: Int
    private var kernelFree: [Int]

    init(firstIndex: Int, count: Int, size: Int) {
        self.firstIndex = firstIndex
        self.size = size
        owners = Array(repeating: .kernel, count: count)
        lengths = Array(repeating: 0, count: count)
        memory = Array(repeating: 0, count: count * size)
        visiblyFree = count
        kernelFree = Array(0..<count)
    }

    var count: Int { owners.count }
    var isEmpty: Bool { kernelFree.isEmpty }

    /// The kernel fills the next one with bytes of a stream.
    func fill(from stream: Int, at position: Int, _ count: Int) -> BufferIndex {
        let index = kernelFree.removeFirst()
        owners[index] = .result
        lengths[index] = count
        for offset in 0..<count { memory[index * size + offset] = Connection.byte(of: stream, at: position + offset) }
        return BufferIndex(firstIndex + index)
    }

    /// Other bytes in a buffer of the worker's; false if it is not.
    func refill(_ buffer: BufferIndex, from stream: Int, at position: Int, _ count: Int) -> Bool {
        let index = Int(buffer) - firstIndex
        guard owners[index] == .worker else { return false }
        lengths[index] = count
        for offset in 0..<count { memory[index * size + offset] = Connection.byte(of: stream, at: position + offset) }
        return true
    }

    func handOver(_ buffer: BufferIndex) {
        owners[Int(buffer) - firstIndex] = .worker
        visiblyFree -= 1
    }

    /// False if it was not the worker's to give back.
    func release(_ buffer: BufferIndex) -> Bool {
        let index = Int(buffer) - firstIndex
        guard owners[index] == .worker else { return false }
        owners[index] = .kernel
        // What is in it is no longer anybody's: a send from here would be seen.
        for offset in 0..<lengths[index] { memory[index * size + offset] = 0xEE }
        lengths[index] = 0
        visiblyFree += 1
        kernelFree.append(index)
        return true
    }

    func isWorkers(_ buffer: BufferIndex, upTo end: Int) -> Bool {
        let index = Int(buffer) - firstIndex
        return owners[index] == .worker && end <= lengths[index]
    }

    /// Whether the buffer holds the bytes of a stream.
    func holds(_ buffer: BufferIndex, _ range: Range<Int>, of stream: Int, at position: Int) -> Bool {
        let start = (Int(buffer) - firstIndex) * size
        for (offset, index) in range.enumerated()
        where memory[start + index] != Connection.byte(of: stream, at: position + offset) {
            return false
        }
        return true
    }
}
