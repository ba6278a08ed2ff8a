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
        guard settings.accessLogInterval > 0 && settings.recordsAccess else { return .never }
        let session = unsafe sessions.pointer(slot)
        let (after, overflow) = settings.accessLogInterval.multipliedReportingOverflow(
            by: UInt64(unsafe session.pointee.reports) + 1
        )
        return overflow ? .never : unsafe session.pointee.acceptedAt.advanced(by: after)
    }

    /// How long nothing may move, in nanoseconds; nil for ever.
    private func patience(_ slot: UInt32) -> UInt64? {
        let session = unsafe sessions.pointer(slot)
        let idle = settings.idleTimeout > 0 ? settings.idleTimeout : nil
        guard unsafe session.pointee.clientIsGone || session.pointee.upstreamIsGone else { return idle }
        return min(Self.flushPatience, idle ?? .max)
    }

    /// Whether nothing has moved for so long: no byte has come or gone, and no peer has acknowledged any, which is looked at after
    /// half of that time for the first time. A slow reader takes what the kernel holds for it long before that takes more.
    private func isStill(_ slot: UInt32) -> Bool {
        guard let patience = patience(slot) else { return false }
        let session = unsafe sessions.pointer(slot)
        let silence = unsafe now.since(session.pointee.lastActivity)
        guard silence >= patience / 2 else {
            unsafe session.pointee.owedBytes = Session.unknown
            return false
        }
        let owed = owedBytes(slot)
        guard silence >= patience else {
            if unsafe session.pointee.owedBytes == Session.unknown { unsafe session.pointee.owedBytes = owed }
            return false
        }
        guard owed > 0 else { return true }
        // More than before is progress too: there was room for it.
        guard unsafe owed != session.pointee.owedBytes else { return silence >= patience &+ patience / 2 }
        unsafe session.pointee.lastActivity = now
        unsafe session.pointee.owedBytes = Session.unknown
        return false
    }

    /// What those who are still there have not acknowledged.
    private func owedBytes(_ slot: UInt32) -> UInt32 {
        let session = unsafe sessions.pointer(slot)
        let client = unsafe session.pointee.clientIsGone ? 0 : sockets.unsentBytes(session.pointee.client)
        let upstream = unsafe session.pointee.upstreamIsGone ? 0 : sockets.unsentBytes(session.pointee.upstream)
        return UInt32(clamping: client + upstream)
    }

    func scheduleRelay(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        var next = min(nextReport(slot), removalDeadline(slot))
        if let patience = patience(slot) {
            let silence = unsafe now.since(session.pointee.lastActivity)
            let half = patience / 2
            let look = silence < half ? half : silence < patience ? patience : patience &+ half
            next = unsafe min(next, session.pointee.lastActivity.advanced(by: look))
        }
        if unsafe !session.pointee.watchesHalfClosed {
            next = min(next, watchStart(slot))
        }
        if next < .never { deadlines.set(slot, next) }
    }

    func relayingDeadline(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        if isStill(slot) {
            // If it is not idle, one side is gone and the survivor takes nothing of what preceded the reset, perhaps because it
            // is stuck in a write to us.
            let isIdle =
                unsafe settings.idleTimeout > 0
                && now.since(session.pointee.lastActivity) >= settings.idleTimeout
            let gone = unsafe session.pointee.upstreamIsGone ? CloseReason.upstreamReset : .clientReset
            end(slot, isIdle ? .idle : gone, .reset)
            return
        }
        if endIfRemoved(slot) { return }
        if nextReport(slot) <= now {
            unsafe session.pointee.reports =
                UInt32(clamping: now.since(session.pointee.acceptedAt) / settings.accessLogInterval)
            record(slot, isOpen: true)
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
