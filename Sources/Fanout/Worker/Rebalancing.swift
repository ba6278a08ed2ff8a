import Reactor

/// A worker's part in moving surplus sessions to endpoints that have joined (`--rebalance on`).
extension Worker {
    /// Sessions that one worker closes in one round at most: a walk with a short memory.
    static var mostMoved: Int { 64 }

    /// Closes its oldest quiet sessions on endpoints with tickets, a ticket each.
    ///
    /// The oldest: their clients have had the most from them, and those that have just moved do not move again.
    @inline(never)
    func rebalance() {
        rebalanceRound = context.tickets.round
        guard order == .run else { return }
        unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.mostMoved) { oldest in
            var count = 0
            for slot in 0..<UInt32(sessions.touched) where mayMove(slot) {
                unsafe insert(slot, into: oldest, &count)
            }
            for index in 0..<count {
                let slot = unsafe oldest[index]
                guard isQuiet(slot), context.tickets.take(unsafe sessions.pointer(slot).pointee.endpointSlot)
                else { continue }
                end(slot, .rebalanced, .graceful)
            }
        }
    }

    /// What can be told without a system call.
    private func mayMove(_ slot: UInt32) -> Bool {
        let session = unsafe sessions.pointer(slot)
        return unsafe session.pointee.phase == .relaying && !session.pointee.awaitsAnswer
            && session.pointee.lastActivity.advanced(by: Self.quietTime) <= now
            && context.tickets.hasTickets(session.pointee.endpointSlot)
    }

    /// Keeps `oldest` sorted by age; the youngest is dropped where there is no room.
    private func insert(_ slot: UInt32, into oldest: UnsafeMutableBufferPointer<UInt32>, _ count: inout Int) {
        var place = min(count, oldest.count - 1)
        if unsafe count == oldest.count && !isOlder(slot, than: oldest[place]) { return }
        while place > 0, unsafe isOlder(slot, than: oldest[place - 1]) {
            unsafe oldest[place] = oldest[place - 1]
            place -= 1
        }
        unsafe oldest[place] = slot
        count = min(count + 1, oldest.count)
    }

    private func isOlder(_ slot: UInt32, than other: UInt32) -> Bool {
        unsafe sessions.pointer(slot).pointee.acceptedAt < sessions.pointer(other).pointee.acceptedAt
    }
}
