/// The deadlines of up to `capacity` owners, earliest first: at most one each, set, moved or cleared in O(log n).
///
/// A binary heap in lazily touched memory; owners are slot numbers. Used by one thread.
@safe public final class DeadlineHeap {
    private struct Entry: BitwiseCopyable {
        var deadline: UInt64
        var owner: UInt32
    }

    private let capacity: Int
    private let entryMemory: LazyMemory
    private let positionMemory: LazyMemory
    private let entries: UnsafeMutablePointer<Entry>
    /// The owner's position in `entries` plus one; 0 where it has no deadline.
    private let positions: UnsafeMutablePointer<UInt32>
    private let countBox: UnsafeMutablePointer<Int>

    public init(capacity: Int) throws(SystemError) {
        self.capacity = capacity
        entryMemory = try LazyMemory(bytes: capacity * MemoryLayout<Entry>.stride)
        positionMemory = try LazyMemory(bytes: capacity * MemoryLayout<UInt32>.stride)
        unsafe entries = entryMemory.bound(to: Entry.self, count: capacity)
        unsafe positions = positionMemory.bound(to: UInt32.self, count: capacity)
        unsafe countBox = UnsafeMutablePointer.allocate(capacity: 1)
        unsafe countBox.initialize(to: 0)
    }

    deinit { unsafe countBox.deallocate() }

    public var count: Int { unsafe countBox.pointee }

    /// The earliest deadline, or never.
    public var next: Deadline {
        guard unsafe countBox.pointee > 0 else { return .never }
        return unsafe Deadline(nanoseconds: entries[0].deadline)
    }

    /// Gives `owner` this deadline in place of the one it had.
    public func set(_ owner: UInt32, _ deadline: Deadline) {
        precondition(owner < UInt32(capacity), "an owner outside the heap")
        let position: Int
        if unsafe positions[Int(owner)] != 0 {
            position = unsafe Int(positions[Int(owner)]) - 1
        } else {
            position = unsafe countBox.pointee
            unsafe countBox.pointee += 1
        }
        let entry = Entry(deadline: deadline.nanoseconds, owner: owner)
        place(entry, at: position)
        siftUp(position)
        siftDown(Int(unsafe positions[Int(owner)]) - 1)
    }

    public func clear(_ owner: UInt32) {
        precondition(owner < UInt32(capacity), "an owner outside the heap")
        guard unsafe positions[Int(owner)] != 0 else { return }
        let position = unsafe Int(positions[Int(owner)]) - 1
        unsafe positions[Int(owner)] = 0
        unsafe countBox.pointee -= 1
        let last = unsafe countBox.pointee
        guard position != last else { return }
        let moved = unsafe entries[last]
        place(moved, at: position)
        siftUp(position)
        siftDown(Int(unsafe positions[Int(moved.owner)]) - 1)
    }

    /// Takes out the owner with the earliest deadline if that has passed.
    public func popExpired(at now: Deadline) -> UInt32? {
        guard unsafe countBox.pointee > 0, unsafe entries[0].deadline <= now.nanoseconds else { return nil }
        let owner = unsafe entries[0].owner
        clear(owner)
        return owner
    }

    private func place(_ entry: Entry, at position: Int) {
        unsafe entries[position] = entry
        unsafe positions[Int(entry.owner)] = UInt32(position + 1)
    }

    private func siftUp(_ start: Int) {
        var position = start
        let entry = unsafe entries[position]
        while position > 0 {
            let parent = (position - 1) / 2
            guard unsafe entry.deadline < entries[parent].deadline else { break }
            place(unsafe entries[parent], at: position)
            position = parent
        }
        place(entry, at: position)
    }

    private func siftDown(_ start: Int) {
        var position = start
        let entry = unsafe entries[position]
        let count = unsafe countBox.pointee
        while true {
            var child = 2 * position + 1
            guard child < count else { break }
            if unsafe child + 1 < count && entries[child + 1].deadline < entries[child].deadline { child += 1 }
            guard unsafe entries[child].deadline < entry.deadline else { break }
            place(unsafe entries[child], at: position)
            position = child
        }
        place(entry, at: position)
    }
}
