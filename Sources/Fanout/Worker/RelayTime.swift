import Reactor

/// What time does to a relayed connection: it may idle for too long, be half closed for long, be told of, or be owed bytes
/// that its survivor does not take.
extension Worker {
    /// A connection whose one stream has ended is normally over in a moment; only one that stays half closed for
    /// this long is watched for the reset of the ended side, which no receive would report.
    static var halfClosedPatience: UInt64 { 50_000_000 }

    private func watchStart(_ slot: UInt32) -> Deadline {
        let session = unsafe sessions.pointer(slot)
        let halfClosed = unsafe session.pointee.halfClosedMilliseconds
        guard halfClosed != Session.never else { return .never }
        let since = UInt64(halfClosed) * 1_000_000 + Self.halfClosedPatience
        return unsafe session.pointee.acceptedAt.advanced(by: since)
    }

    /// When the next line about the living connection is due.
    private func nextReport(_ slot: UInt32) -> Deadline {
        guard settings.accessLogInterval > 0 else { return .never }
        let session = unsafe sessions.pointer(slot)
        let (after, overflow) = settings.accessLogInterval.multipliedReportingOverflow(
            by: UInt64(unsafe session.pointee.reports) + 1
        )
        return overflow ? .never : unsafe session.pointee.acceptedAt.advanced(by: after)
    }

    func scheduleRelay(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        var next = min(nextReport(slot), removalDeadline(slot))
        if settings.idleTimeout > 0 {
            next = min(next, unsafe session.pointee.lastActivity.advanced(by: settings.idleTimeout))
        }
        if unsafe session.pointee.clientIsGone || session.pointee.upstreamIsGone {
            next = min(next, unsafe session.pointee.lastActivity.advanced(by: Self.flushPatience))
        }
        if unsafe !session.pointee.watchesHalfClosed {
            next = min(next, watchStart(slot))
        }
        if next < .never { deadlines.set(slot, next) }
    }

    func relayingDeadline(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        if settings.idleTimeout > 0, unsafe session.pointee.lastActivity.advanced(by: settings.idleTimeout) <= now {
            end(slot, .idle, .reset)
            return
        }
        if unsafe session.pointee.clientIsGone || session.pointee.upstreamIsGone,
            unsafe session.pointee.lastActivity.advanced(by: Self.flushPatience) <= now
        {
            // The survivor takes nothing of what preceded the reset, perhaps because it is stuck in a write to us.
            end(slot, unsafe session.pointee.upstreamIsGone ? .upstreamReset : .clientReset, .reset)
            return
        }
        if endIfRemoved(slot) { return }
        if nextReport(slot) <= now {
            unsafe session.pointee.reports =
                UInt32(clamping: now.since(session.pointee.acceptedAt) / settings.accessLogInterval)
            if settings.recordsAccess { record(slot, isOpen: true) }
        }
        if unsafe !session.pointee.watchesHalfClosed, watchStart(slot) <= now {
            unsafe session.pointee.watchesHalfClosed = true
            if unsafe flow(slot, .tx).pointee.state == .finished {
                watchClient(slot)
            } else {
                driver.poll(
                    unsafe session.pointee.upstream,
                    events: PollEvents.endOfStream,
                    token: begin(.upstreamHangup, slot)
                )
            }
        }
        scheduleRelay(slot)
    }

    /// The side whose stream `direction` was, and had ended, may have been reset while the other stream goes on.
    @inline(never)
    func halfClosedMoved(_ completion: Completion, _ slot: UInt32, _ direction: Direction) {
        guard completion.result > 0, unsafe flow(slot, direction).pointee.state == .finished else { return }
        let hangup = direction == .tx ? hangup(ofClient: slot) : PollEvents.hangup
        if PollEvents.result(completion.result, has: hangup) {
            end(slot, direction == .tx ? .clientReset : .upstreamReset, Self.ending(afterResetOf: direction))
        } else if !completion.more {
            unsafe sessions.pointer(slot).pointee.watchesHalfClosed = false
            scheduleRelay(slot)
        }
    }
}
