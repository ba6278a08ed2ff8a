import Reactor

/// What becomes of established sessions whose endpoint has left the set (`--on-remove`).
extension Worker {
    /// Both ways must have been silent for so long before a living session is closed for reasons of our own.
    static var quietTime: UInt64 { 1_000_000_000 }

    /// Looks at every session, because the endpoints have changed; the deadlines do the rest.
    func noticeRemovals() {
        for slot in 0..<UInt32(sessions.touched) {
            guard unsafe sessions.pointer(slot).pointee.phase == .relaying, removal(of: slot) != nil else { continue }
            scheduleRelay(slot)
        }
    }

    private func removal(of slot: UInt32) -> Deadline? {
        context.removals.removal(of: unsafe sessions.pointer(slot).pointee.endpointSlot)
    }

    /// When an established session is to be looked at for its endpoint's sake.
    func removalDeadline(_ slot: UInt32) -> Deadline {
        guard settings.onRemove != .keep, let removed = removal(of: slot) else { return .never }
        switch settings.onRemove {
        case .keep: return .never
        case .reset: return now
        case .closeAfter(let duration): return removed.advanced(by: duration)
        case .drainWhenIdle:
            let quiet = unsafe sessions.pointer(slot).pointee.lastActivity.advanced(by: Self.quietTime)
            // Silent for long, but with something on its way: it is looked at now and then.
            return quiet > now ? quiet : now.advanced(by: Self.quietTime)
        }
    }

    /// Ends a session whose endpoint has left, if its time has come.
    func endIfRemoved(_ slot: UInt32) -> Bool {
        guard settings.onRemove != .keep, let removed = removal(of: slot) else { return false }
        switch settings.onRemove {
        case .keep:
            return false
        case .reset:
            end(slot, .removed, .reset)
        case .closeAfter(let duration):
            guard removed.advanced(by: duration) <= now else { return false }
            end(slot, .removed, isQuiet(slot) ? .graceful : .reset)
        case .drainWhenIdle:
            guard isQuiet(slot) else { return false }
            end(slot, .removed, .graceful)
        }
        return true
    }

    // MARK: Quiet sessions

    /// Whether a session can be closed without taking anything from anybody: both streams are open, nothing is on its
    /// way in either, the last bytes came from the upstream, and that was ``quietTime`` ago.
    ///
    /// A request whose answer takes its time is not quiet, then; nor is a half-closed session, for the same reason.
    func isQuiet(_ slot: UInt32) -> Bool {
        let session = unsafe sessions.pointer(slot)
        guard unsafe session.pointee.lastActivity.advanced(by: Self.quietTime) <= now,
            unsafe !session.pointee.awaitsAnswer && !session.pointee.clientIsGone && !session.pointee.upstreamIsGone,
            isEmpty(slot, .tx), isEmpty(slot, .rx), !hasUnread(slot)
        else { return false }
        return unsafe sockets.unsentBytes(session.pointee.client) == 0
            && sockets.unsentBytes(session.pointee.upstream) == 0
    }

    private func isEmpty(_ slot: UInt32, _ direction: Direction) -> Bool {
        switch unsafe flow(slot, direction).pointee.state {
        case .receiving, .watching, .leaving, .gated: true
        case .bulk: !hasSplicedBytes(slot, direction)
        case .idle, .holding, .starved, .ending, .failing, .finished, .broken: false
        }
    }

    private func hasUnread(_ slot: UInt32) -> Bool {
        let session = unsafe sessions.pointer(slot)
        return unsafe sockets.hasUnread(session.pointee.client) || sockets.hasUnread(session.pointee.upstream)
    }

    /// Whether a session that was to be closed in order has been sent something after all, which nobody will pass on, or was
    /// reset: then the truth is a reset. Asked when nothing is in flight any more, right before its sockets are closed.
    func isLate(_ slot: UInt32) -> Bool {
        guard isOurDoing(slot) else { return false }
        let session = unsafe sessions.pointer(slot)
        // A look at its stream uses up the error of a reset: whether it has a peer tells that too.
        return unsafe hasUnread(slot) || sockets.isOver(session.pointee.client)
            || sockets.isOver(session.pointee.upstream)
    }

    /// Whether a session that neither side has ended is closed, for reasons of our own.
    func isOurDoing(_ slot: UInt32) -> Bool {
        switch unsafe sessions.pointer(slot).pointee.reason {
        case .removed, .rebalanced: true
        case .clientFin, .upstreamFin, .clientReset, .upstreamReset, .connectFailed, .noEndpoint, .clientGone, .limit,
            .idle, .drained:
            false
        }
    }
}
