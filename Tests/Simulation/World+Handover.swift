import Reactor

/// Accepted clients that go to another worker: whether one must, whether it came there, and the wake-up that follows.
extension World {
    /// What a worker that is to place a client finds.
    struct Placing {
        let counts: [Int]
        /// Of the others, those with the fewest clients, if there are so many fewer that one of them is to get it.
        var wanted: [Int] = []
        /// Of these, who takes none.
        var full: [Int] = []
        var closed: [Int] = []
    }

    func placing(by index: Int) -> Placing {
        var placing = Placing(counts: network.handovers.counts)
        let worker = workers[index]
        let others = workers.indices.filter { $0 != index }
        guard worker.order == .run, let least = others.map({ placing.counts[$0] }).min() else { return placing }
        let own = placing.counts[index]
        let areShort = worker.lifetimes.areShort(at: worker.now)
        guard own - least > Worker<SimulatedDriver>.tolerance(of: own, areShort: areShort) else { return placing }
        placing.wanted = others.filter { placing.counts[$0] == least }
        placing.full = placing.wanted.filter(network.handovers.isFull)
        placing.closed = placing.wanted.filter { workers[$0].order != .run }
        return placing
    }

    /// A worker has placed a client: served, where nobody else was to have it, or given away, which makes no call at all.
    func checkPlaced(_ client: Connection, by index: Int, _ placing: Placing) {
        guard network.violation == nil else { return }
        if client.isServed {
            guard !placing.wanted.isEmpty else { return }
            if placing.closed.isEmpty && placing.full.isEmpty {
                network.fail("\(client.title) stayed with worker \(index) at \(placing.counts) clients")
            }
            if !placing.closed.isEmpty { network.mark(.inboxClosed) }
            if !placing.full.isEmpty { network.mark(.inboxFull) }
            return
        }
        let counts = network.handovers.counts
        let takers = workers.indices.filter { counts[$0] != placing.counts[$0] }
        guard takers.count == 1, let taker = takers.first, counts[taker] == placing.counts[taker] + 1,
            placing.wanted.contains(taker)
        else {
            network.fail("\(client.title) was lost by worker \(index): \(placing.counts) became \(counts)")
            return
        }
        // In its turn it may have taken one that it has not used yet.
        if placing.closed.contains(taker) || (placing.full.contains(taker) && !isInTurn[taker]) {
            network.fail("\(client.title) was given to worker \(taker), which takes none")
        }
        network.say("worker \(index) gives \(client.title) to worker \(taker)")
        network.handovers.give(client, to: taker)
        if network.handovers.wasWoken(taker) { drivers[taker].isWakeUnderWay = true }
    }

    // MARK: What must hold

    /// A worker's count is what it serves and what waits for it, at any time but in the middle of its turn.
    func checkCounts() {
        for worker in workers where !isInTurn[worker.context.index] {
            let index = worker.context.index
            let expected =
                worker.sessions.used - worker.spares + network.handovers.underWay[index].count + scenario.weights[index]
            let count = network.handovers.table.count(of: index)
            if count != expected {
                network.fail("\(count) clients count on worker \(index), and \(expected) are its")
            }
        }
    }

    /// Nobody has anything to do, so no client may lie in an inbox.
    func checkInboxes() {
        for (index, clients) in network.handovers.underWay.enumerated() {
            guard let client = clients.first else { continue }
            network.fail("\(client.title) lies in the inbox of worker \(index), which sleeps")
        }
    }

    /// A worker that drains has looked at its inbox before it closed it: what came in between it must look for once more.
    func noteInboxes(after index: Int) {
        if workers[index].order != .run, !network.handovers.underWay[index].isEmpty { network.mark(.closedOverClient) }
    }
}
