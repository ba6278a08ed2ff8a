import Reactor

/// The workers of a world: one, or several that share what the border of the data plane lists.
///
/// A turn is one worker's; what the kernel does meanwhile it does for all. While another worker has something to do the
/// wait of this one may end for nothing, so that their turns come in every order.
extension World {
    /// Whose turn is next; nil when all have ended.
    func nextWorker() -> Int? {
        let left = workers.indices.filter { !workers[$0].isFinished }
        guard left.count > 1 else { return left.first }
        let ready = left.filter(isReady)
        let candidates = ready.isEmpty ? left : ready
        return candidates[network.choices.pick(candidates.count)]
    }

    private func isReady(_ index: Int) -> Bool {
        guard !workers[index].isFinished else { return false }
        return drivers[index].isReady || workers[index].deadlines.next.nanoseconds <= network.clock
    }

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

    // MARK: Endpoints

    /// A worker has ended its turn: until the next one it holds this snapshot.
    func noteHeld(by index: Int) {
        held[index] = workers[index].isFinished ? .max : workers[index].snapshot.version
        if Set(held).subtracting([.max]).count > 1 { network.mark(.snapshotsDiffer) }
        if workers.count(where: { $0.sessions.used > 0 }) > 1 { network.mark(.severalAtWork) }
    }

    /// What a worker holds must not be freed, however long it does not look.
    func checkHeld(_ publication: Publication) {
        let oldest = publication.reclaim()
        for (index, version) in held.enumerated() where version < oldest {
            network.fail("worker \(index) holds snapshot \(version), and all before \(oldest) are freed")
        }
    }
}
