/// Results in the order of their coming. One thread's; grows to the most that ever waited together.
@safe final class CompletionQueue {
    private let state: UnsafeMutablePointer<State>

    @unsafe private struct State {
        var elements: UnsafeMutablePointer<Completion>
        /// A power of two.
        var capacity: Int
        var first = 0
        var count = 0
    }

    init() {
        unsafe state = .allocate(capacity: 1)
        let capacity = 256
        unsafe state.initialize(to: State(elements: .allocate(capacity: capacity), capacity: capacity))
    }

    deinit {
        unsafe state.pointee.elements.deallocate()
        unsafe state.deallocate()
    }

    var count: Int { unsafe state.pointee.count }
    var isEmpty: Bool { count == 0 }

    func append(_ completion: Completion) {
        if unsafe state.pointee.count == state.pointee.capacity { grow() }
        let place = unsafe (state.pointee.first &+ state.pointee.count) & (state.pointee.capacity &- 1)
        unsafe (state.pointee.elements + place).initialize(to: completion)
        unsafe state.pointee.count &+= 1
    }

    func removeFirst() -> Completion {
        precondition(!isEmpty, "no result is waiting")
        let completion = unsafe state.pointee.elements[state.pointee.first]
        unsafe state.pointee.first = (state.pointee.first &+ 1) & (state.pointee.capacity &- 1)
        unsafe state.pointee.count &-= 1
        return completion
    }

    private func grow() {
        let old = unsafe state.pointee
        let capacity = unsafe old.capacity * 2
        let elements = UnsafeMutablePointer<Completion>.allocate(capacity: capacity)
        for offset in 0..<(unsafe old.count) {
            let place = unsafe (old.first + offset) & (old.capacity - 1)
            unsafe (elements + offset).initialize(to: old.elements[place])
        }
        unsafe old.elements.deallocate()
        unsafe state.pointee = State(elements: elements, capacity: capacity, first: 0, count: old.count)
    }
}
