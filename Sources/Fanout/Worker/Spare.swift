import Reactor

/// When to start a spare connect beside one that takes long (`--hedge-after`).
enum HedgePolicy: Hashable, Sendable {
    case off
    /// Twice the time that 95 of 100 connects of the service have taken.
    case auto
    /// Nanoseconds.
    case after(UInt64)
}

/// The spare: a second connect of one session, to another endpoint, when the first takes long. It is safe, because no
/// byte has been sent upstream yet; at most one is in flight, and the loser is closed with a reset.
///
/// It has a slot of its own in the slab of sessions, so that its operations, deadline and endpoint are its own; the two
/// name each other (``Session/other``).
extension Worker {
    /// Spares of one worker at the same time; they have slots of their own.
    static var mostSpares: Int { 64 }

    /// How long after its begin the spare of a connect is due.
    ///
    /// Of an endpoint that was never connected to, or that is on trial, nothing is known: it may be far away, and would
    /// be overtaken each time.
    func spareDelay(_ slot: UInt32, isTrial: Bool) -> UInt64 {
        let session = unsafe sessions.pointer(slot)
        switch settings.hedge {
        case .off: return .max
        case .after(let delay): return delay
        case .auto:
            let delay = unsafe connectTimes[Int(session.pointee.service)].spareDelay
            let usual = outcomes.usualTime(.connect, of: unsafe session.pointee.endpointSlot)
            let own = isTrial || usual == 0 ? ConnectTimes.unknownDelay : 2_000 * UInt64(usual)
            return max(delay, own)
        }
    }

    /// Starts a spare, if there is an endpoint for it.
    @inline(never)
    func startSpare(_ main: UInt32) {
        let session = unsafe sessions.pointer(main)
        guard unsafe session.pointee.other == 0, spares < Self.mostSpares, context.admission.hasPlenty,
            let spare = sessions.take()
        else { return }
        let endpoints = unsafe snapshot.endpoints(of: Int(session.pointee.service))
        guard let attempt = openAttempt(main, endpoints, isSpare: true) else {
            sessions.giveBack(spare)
            return
        }
        spares += 1
        services[unsafe Int(session.pointee.service)].add(.hedges)
        let copy = unsafe sessions.pointer(spare)
        let generation = unsafe copy.pointee.generation &+ 1
        unsafe copy.initialize(to: session.pointee)
        unsafe copy.pointee.generation = generation
        unsafe copy.pointee.phase = .spare
        unsafe copy.pointee.inFlight = 0
        unsafe copy.pointee.tried = 0
        unsafe copy.pointee.other = main + 1
        unsafe copy.pointee.attemptExpired = false
        unsafe session.pointee.other = spare + 1
        unsafe session.pointee.attempts &+= 1
        if startAttempt(spare, attempt, endpoints) {
            spareFinished(0, spare)
        } else {
            deadlines.set(spare, attemptEnd(spare))
        }
    }

    func spareDeadline(_ spare: UInt32) {
        unsafe sessions.pointer(spare).pointee.attemptExpired = true
        cancel(.connect, spare)
        deadlines.set(spare, now.advanced(by: Self.cancelPatience))
    }

    /// The connect of a spare has ended, one way or the other.
    @inline(never)
    func spareFinished(_ result: Int32, _ spare: UInt32) {
        let session = unsafe sessions.pointer(spare)
        deadlines.clear(spare)
        let error = connectError(result, spare)
        guard unsafe session.pointee.other != 0 else {
            dropSpare(spare)
            return
        }
        let main = unsafe session.pointee.other - 1
        if error == 0 {
            unsafe session.pointee.attemptExpired = false
            if isInFlight(.connect, main) {
                // Its descriptor is the main session's as soon as that has no other.
                cancel(.connect, main)
                deadlines.set(main, now.advanced(by: Self.cancelPatience))
            } else {
                adoptSpare(main)
            }
            return
        }
        noteFailure(error, spare)
        unsafe sessions.pointer(main).pointee.error = Int16(truncatingIfNeeded: error)
        let isFull = unsafe noteTried(session.pointee.endpointSlot, main)
        unsafe sessions.pointer(main).pointee.other = 0
        dropSpare(spare)
        if isInFlight(.connect, main) {
            // Of more than can be remembered none is told from another: enough is enough.
            if !isFull { startSpare(main) }
        } else if isFull {
            forgetTried(main)
            wait(main, until: now.advanced(by: Self.retryPause))
        } else {
            dial(main)
        }
    }

    /// Whether the spare of a session has connected, and only waits for the other connect to end.
    func spareHasWon(_ main: UInt32) -> Bool {
        let other = unsafe sessions.pointer(main).pointee.other
        return other != 0 && !isInFlight(.connect, other - 1)
    }

    /// The session goes on with what its spare has connected.
    func adoptSpare(_ main: UInt32) {
        let session = unsafe sessions.pointer(main)
        let spare = unsafe sessions.pointer(session.pointee.other - 1)
        precondition(unsafe session.pointee.upstream < 0, "a session with two upstreams")
        unsafe session.pointee.upstream = spare.pointee.upstream
        unsafe session.pointee.endpointSlot = spare.pointee.endpointSlot
        unsafe session.pointee.endpoint = spare.pointee.endpoint
        unsafe session.pointee.connectMicroseconds = spare.pointee.connectMicroseconds
        unsafe session.pointee.isCounted = true
        unsafe spare.pointee.upstream = -1
        unsafe spare.pointee.isCounted = false
        let place = unsafe session.pointee.other - 1
        unsafe session.pointee.other = 0
        dropSpare(place)
        connected(main)
    }

    /// The session does not need its spare any more; it ends when its connect does.
    func loseSpare(_ main: UInt32) {
        let session = unsafe sessions.pointer(main)
        guard unsafe session.pointee.phase == .dialing, unsafe session.pointee.other != 0 else { return }
        let spare = unsafe session.pointee.other - 1
        unsafe session.pointee.other = 0
        unsafe sessions.pointer(spare).pointee.other = 0
        if isInFlight(.connect, spare) {
            cancel(.connect, spare)
            deadlines.set(spare, now.advanced(by: Self.cancelPatience))
        } else {
            dropSpare(spare)
        }
    }

    /// Nothing of the spare is in flight: its place is free.
    private func dropSpare(_ spare: UInt32) {
        let session = unsafe sessions.pointer(spare)
        leaveEndpoint(spare)
        if unsafe session.pointee.upstream >= 0 {
            sockets.closeWithReset(unsafe session.pointee.upstream)
            unsafe session.pointee.upstream = -1
        }
        unsafe session.pointee.phase = .free
        spares -= 1
        sessions.giveBack(spare)
    }
}
