/// The flows that wait for a receive buffer, first come first served: links are kept in the flows themselves.
struct StarvedQueue {
    /// Indexes plus one; 0 is none.
    private var first: UInt32 = 0
    private var last: UInt32 = 0
    private(set) var count = 0

    mutating func append(_ index: UInt32, in flows: UnsafeMutablePointer<Flow>) {
        unsafe flows[Int(index)].next = 0
        unsafe flows[Int(index)].previous = last
        if last == 0 {
            first = index + 1
        } else {
            unsafe flows[Int(last - 1)].next = index + 1
        }
        last = index + 1
        count += 1
    }

    mutating func popFirst(in flows: UnsafeMutablePointer<Flow>) -> UInt32? {
        guard first != 0 else { return nil }
        let index = first - 1
        unsafe remove(index, in: flows)
        return index
    }

    /// The flow must be in the queue.
    mutating func remove(_ index: UInt32, in flows: UnsafeMutablePointer<Flow>) {
        let next = unsafe flows[Int(index)].next
        let previous = unsafe flows[Int(index)].previous
        if previous == 0 { first = next } else { unsafe flows[Int(previous - 1)].next = next }
        if next == 0 { last = previous } else { unsafe flows[Int(next - 1)].previous = previous }
        unsafe flows[Int(index)].next = 0
        unsafe flows[Int(index)].previous = 0
        count -= 1
    }
}
