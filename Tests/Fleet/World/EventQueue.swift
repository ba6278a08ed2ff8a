/// What happens next in a simulated fleet.
struct Event {
    enum Kind: UInt8 {
        /// A client connects to a sidecar.
        case arrival
        /// A connect attempt has come about, or was refused.
        case accepted
        case refused
        /// An attempt takes long: time for a spare; or too long.
        case spareDue
        case attemptExpired
        /// A connection that found no endpoint looks again.
        case retry
        /// A session is over; or its endpoint has ended it at once.
        case finished
        case closedAtOnce
        /// A sidecar hears from discovery, or its registry looks at what came of connects.
        case discovery
        case look
        case windowEnd
    }

    /// Nanoseconds of virtual time.
    let at: UInt64
    let kind: Kind
    /// A sidecar or a connection.
    let subject: Int
    /// The attempt that is meant: an event of an attempt that is over means nothing.
    var attempt: UInt32 = 0
    /// Events of the same moment happen in the order in which they were added.
    var order: UInt64 = 0

    fileprivate static func comesBefore(_ left: Event, _ right: Event) -> Bool {
        left.at != right.at ? left.at < right.at : left.order < right.order
    }
}

/// Events by time: a binary heap.
struct EventQueue {
    private var heap: [Event] = []
    private var added: UInt64 = 0

    mutating func add(_ event: Event) {
        var event = event
        added += 1
        event.order = added
        heap.append(event)
        var place = heap.count - 1
        while place > 0 {
            let parent = (place - 1) / 2
            guard Event.comesBefore(event, heap[parent]) else { break }
            heap[place] = heap[parent]
            place = parent
        }
        heap[place] = event
    }

    mutating func next() -> Event? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        let count = heap.count
        guard count > 0 else { return first }
        var place = 0
        while true {
            var child = 2 * place + 1
            guard child < count else { break }
            if child + 1 < count, Event.comesBefore(heap[child + 1], heap[child]) { child += 1 }
            guard Event.comesBefore(heap[child], last) else { break }
            heap[place] = heap[child]
            place = child
        }
        heap[place] = last
        return first
    }
}
