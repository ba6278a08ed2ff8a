import Reactor

/// The workers of a world: one, or several that share what the border of the data plane lists.
///
/// A turn is one worker's; what the kernel does meanwhile it does for all. While another worker has something to do the
/// wait of this one may end for nothing, so that their turns come in every order; and in the middle of a turn, at any call
/// to the kernel, another worker may have a turn of its own.
extension World {
    /// Whose turn is next; nil when all have ended.
    func nextWorker() -> Int? {
        let left = workers.indices.filter { !workers[$0].isFinished }
        guard left.count > 1 else { return left.first }
        let running = left.filter { !isPaused($0) }
        pausedTurns -= min(pausedTurns, 1)
        let ready = running.filter(isReady)
        let candidates = ready.isEmpty ? running : ready
        return candidates[network.choices.pick(candidates.count)]
    }

    private func isReady(_ index: Int) -> Bool {
        guard !workers[index].isFinished else { return false }
        return isInTurn[index] || drivers[index].isReady || workers[index].deadlines.next.nanoseconds <= network.clock
    }

    /// The machine does not let it run for the moment.
    private func isPaused(_ index: Int) -> Bool { index == paused && pausedTurns > 0 }

    /// Whether a worker has something to do while this one waits.
    func isAnotherReady(than waiting: Int) -> Bool {
        workers.count > 1 && workers.indices.contains { $0 != waiting && isReady($0) }
    }

    /// When the next of all workers wants to be woken.
    var nextDeadline: Deadline {
        workers.reduce(.never) { $1.isFinished ? $0 : min($0, $1.deadlines.next) }
    }

    /// Sessions of all workers.
    var sessions: Int { workers.reduce(0) { $0 + $1.sessions.used - $1.spares } }

    // MARK: Turns

    /// One turn, and what must hold after any.
    func turn(of index: Int) {
        let outer = network.running
        network.running = index
        isInTurn[index] = true
        workers[index].turn()
        // Nothing is left to do: says so, and leaves.
        if workers[index].isFinished, network.violation == nil { workers[index].run() }
        isInTurn[index] = false
        network.running = outer
        guard network.violation == nil else { return }
        noteHeld()
        noteInboxes(after: index)
        check(index)
        checkCounts()
    }

    /// Something happens in the middle of a worker's turn.
    func moveDuringTurn() {
        takeStepDuringTurn()
        let others = workers.indices.filter { !workers[$0].isFinished && !isInTurn[$0] && !isPaused($0) }
        guard !others.isEmpty, network.choices.pick(4) > 0 else { return moveAtRandom() }
        network.mark(.turnsAtOnce)
        turn(of: others[network.choices.pick(others.count)])
    }

    private func check(_ index: Int) {
        let worker = workers[index]
        let inFlight = drivers[index].pending.count
        if worker.pendingOperations != UInt64(inFlight) {
            network.fail("\(worker.pendingOperations) operations are counted, \(inFlight) are in flight")
        }
        let active = worker.services.total(.active)
        let own = worker.sessions.used - worker.spares
        if active != UInt64(own) {
            network.fail("\(active) sessions are counted, \(own) are there")
        }
        if sessions > scenario.maxConnections {
            network.fail("\(sessions) sessions where \(scenario.maxConnections) are allowed")
        }
    }

    // MARK: Endpoints

    /// The version of the snapshot that a worker has; the greatest number after its end.
    private func held(by index: Int) -> UInt64 {
        workers[index].isFinished ? .max : workers[index].snapshot.version
    }

    private func noteHeld() {
        if Set(workers.indices.map(held)).subtracting([.max]).count > 1 {
            network.mark(.snapshotsDiffer)
            // The publisher may look at any time what it can free.
            checkHeld(workers[0].context.publication)
        }
        if workers.count(where: { $0.sessions.used > 0 }) > 1 { network.mark(.severalAtWork) }
    }

    /// What a worker holds must not be freed, however long it does not look.
    func checkHeld(_ publication: Publication) {
        let oldest = publication.reclaim()
        for index in workers.indices where held(by: index) < oldest {
            network.fail("worker \(index) holds snapshot \(held(by: index)), and all before \(oldest) are freed")
        }
    }
}
