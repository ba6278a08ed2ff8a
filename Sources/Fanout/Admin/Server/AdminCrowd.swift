import NIOCore

/// The connections of the admin endpoint, the oldest first; confined to the admin thread.
///
/// At the limit the one that has been there longest makes room, one without an answer under way if there is such: so
/// clients that only hold connections, or do not read what they asked for, cannot keep a scraper out.
final class AdminCrowd {
    static let limit = 16
    /// Between two connections that go on to their next request. An event loop does all that is due before it looks at
    /// its sockets again: without a pause, clients with thousands of requests ahead would have them all answered first.
    static let pause = TimeAmount.milliseconds(1)

    private let loop: any EventLoop
    private var connections: [AdminConnection] = []
    /// Those that have had their answer, in that order.
    private var answered: [AdminConnection] = []

    init(on loop: any EventLoop) { self.loop = loop }

    func enter(_ connection: AdminConnection) {
        if connections.count >= Self.limit, let last = connections.first(where: \.isIdle) ?? connections.first {
            leave(last)
            last.close()
        }
        connections.append(connection)
    }

    func leave(_ connection: AdminConnection) {
        connections.removeAll { $0 === connection }
    }

    /// Has a connection take its next request when its turn comes.
    func queueForNext(_ connection: AdminConnection) {
        answered.append(connection)
        if answered.count == 1 { scheduleTurn() }
    }

    private func scheduleTurn() {
        loop.assumeIsolated().scheduleTask(in: Self.pause) {
            // Still in the queue meanwhile: the answer to its next request may be there at once, and queues again.
            self.answered.first?.takeNext()
            self.answered.removeFirst()
            if !self.answered.isEmpty { self.scheduleTurn() }
        }
    }
}
