import Reactor

/// The second part of a connection's life: an endpoint is found for it, within one budget of time.
extension Worker {
    /// Between two rounds over endpoints that have all failed.
    static var retryPause: UInt64 { 100_000_000 }
    /// When a cancelled operation has not ended by then, it is cancelled once more.
    static var cancelPatience: UInt64 { 100_000_000 }

    /// While all endpoints are full; and so much more for each that waits, so that looking costs little whatever their number.
    static var fullPause: UInt64 { 10_000_000 }
    static var fullPauseOfEach: UInt64 { 10_000 }
    /// Choices for one connect, where other workers take the last place of an endpoint first.
    static var mostChoices: Int { 4 }

    /// Tries the next endpoint, or waits for one.
    func dial(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        guard now < budgetEnd(slot) else {
            giveUp(slot)
            return
        }
        let endpoints = unsafe snapshot.endpoints(of: Int(session.pointee.service))
        unsafe session.pointee.triedRevision = endpoints.revision
        guard let attempt = openAttempt(slot, endpoints) else {
            waitForEndpoint(slot, endpoints)
            return
        }
        leaveWaiting(slot)
        unsafe session.pointee.phase = .dialing
        unsafe session.pointee.attempts &+= 1
        unsafe session.pointee.attemptExpired = false
        if startAttempt(slot, attempt, endpoints) {
            connectFinished(0, slot)
            return
        }
        deadlines.set(slot, min(attemptEnd(slot), now.advanced(by: spareDelay(slot, isTrial: attempt.isTrial))))
        listenToClientEarly(slot)
    }

    /// A socket for an endpoint that has a place, which is taken.
    struct Attempt {
        let row: Int
        let socket: Int32
        let isTrial: Bool
    }

    /// Chooses an endpoint that the session has not tried and counts on it; nil where there is none, or no socket.
    func openAttempt(_ slot: UInt32, _ endpoints: EndpointSet, isSpare: Bool = false) -> Attempt? {
        let session = unsafe sessions.pointer(slot)
        var tried = triedEndpoints(slot)
        // The one that is being tried at the same time.
        if unsafe session.pointee.phase == .dialing {
            let other = unsafe session.pointee.other
            if other != 0 { tried.insert(unsafe sessions.pointer(other - 1).pointee.endpointSlot) }
            if unsafe session.pointee.isCounted { tried.insert(unsafe session.pointee.endpointSlot) }
        }
        for _ in 0..<Self.mostChoices {
            guard let row = choose(endpoints, excluding: tried, isSpare: isSpare) else { return nil }
            let place = unsafe endpoints.slots[row]
            if context.loads.increment(worker: context.index, slot: place) <= settings.endpointCap {
                return openAttempt(slot, endpoints, row)
            }
            // Another worker was faster.
            context.loads.decrement(worker: context.index, slot: place)
            tried.insert(place)
        }
        return nil
    }

    /// A socket for a row on whose endpoint the session is counted already; nil where there is none, and it is no more.
    private func openAttempt(_ slot: UInt32, _ endpoints: EndpointSet, _ row: Int) -> Attempt? {
        let socket = sockets.stream(family: unsafe endpoints.addresses[row].family)
        guard socket >= 0 else {
            // Our shortage, not the endpoint's fault.
            unsafe context.loads.decrement(worker: context.index, slot: endpoints.slots[row])
            unsafe sessions.pointer(slot).pointee.error = Int16(truncatingIfNeeded: -socket)
            return nil
        }
        if settings.isPaced, unsafe endpoints.addresses[row].isLoopback { sockets.doNotPace(socket) }
        return Attempt(row: row, socket: socket, isTrial: row >= endpoints.count - endpoints.trials)
    }

    /// True if it is connected already.
    func startAttempt(_ slot: UInt32, _ attempt: Attempt, _ endpoints: EndpointSet) -> Bool {
        let session = unsafe sessions.pointer(slot)
        unsafe session.pointee.upstream = attempt.socket
        unsafe session.pointee.endpointSlot = endpoints.slots[attempt.row]
        unsafe session.pointee.endpoint = endpoints.identities[attempt.row]
        unsafe session.pointee.isCounted = true
        // A turn may be long, and the connect may be over within it.
        now = driver.now
        unsafe session.pointee.connectMicroseconds = microseconds(now.since(session.pointee.acceptedAt))
        let address = unsafe endpoints.addresses + attempt.row
        unsafe session.pointee.upstreamPort = address.pointee.port
        guard unsafe driver.connect(attempt.socket, to: unsafe address, token: begin(.connect, slot)) else {
            return false
        }
        conclude(.connect, slot)
        now = driver.now
        return true
    }

    /// No endpoint can be tried now.
    private func waitForEndpoint(_ slot: UInt32, _ endpoints: EndpointSet) {
        let session = unsafe sessions.pointer(slot)
        if unsafe session.pointee.phase == .dialing, unsafe session.pointee.other != 0 {
            // There is still the spare.
            deadlines.set(slot, budgetEnd(slot))
            return
        }
        forgetTried(slot)
        let full = Self.fullPause + UInt64(waitingSessions) * Self.fullPauseOfEach
        let pause = settings.endpointCap < .max ? full : Self.retryPause
        wait(slot, until: endpoints.count == 0 ? .never : now.advanced(by: pause))
    }

    /// When the connect that began last has had its time.
    func attemptEnd(_ slot: UInt32) -> Deadline {
        let session = unsafe sessions.pointer(slot)
        let began = unsafe session.pointee.acceptedAt.advanced(
            by: UInt64(session.pointee.connectMicroseconds) * 1_000
        )
        return min(began.advanced(by: settings.connectTimeout), budgetEnd(slot))
    }

    /// Connect, waiting and retries must be done by then.
    private func budgetEnd(_ slot: UInt32) -> Deadline {
        unsafe sessions.pointer(slot).pointee.acceptedAt.advanced(by: settings.connectBudget)
    }

    // MARK: What was tried in vain

    private func triedEndpoints(_ slot: UInt32) -> TriedEndpoints {
        let place = unsafe sessions.pointer(slot).pointee.tried
        return place == 0 ? TriedEndpoints() : unsafe tried.pointer(place - 1).pointee
    }

    /// Remembers an endpoint that has failed; true when no more can be remembered.
    func noteTried(_ endpoint: UInt32, _ slot: UInt32) -> Bool {
        let session = unsafe sessions.pointer(slot)
        if unsafe session.pointee.tried == 0 {
            guard let place = tried.take() else { return true }
            unsafe tried.pointer(place).initialize(to: TriedEndpoints())
            unsafe session.pointee.tried = place + 1
        }
        let endpoints = unsafe tried.pointer(session.pointee.tried - 1)
        unsafe endpoints.pointee.insert(endpoint)
        return unsafe endpoints.pointee.isFull
    }

    func forgetTried(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        guard unsafe session.pointee.tried != 0 else { return }
        unsafe tried.giveBack(session.pointee.tried - 1)
        unsafe session.pointee.tried = 0
    }

    /// On a copy, so that no exclusivity check is left in the way of a connection.
    private func choose(_ endpoints: EndpointSet, excluding tried: TriedEndpoints, isSpare: Bool) -> Int? {
        var balancer = balancer
        defer { self.balancer = balancer }
        return balancer.choose(from: endpoints, excluding: tried, loads: context.loads, isSpare: isSpare)
    }

    /// Reads the client's first bytes while the upstream is being connected: it saves a turn, and shows a client
    /// that goes away. Not when buffers are scarce: then only the going away is watched for.
    private func listenToClientEarly(_ slot: UInt32) {
        guard unsafe flow(slot, .tx).pointee.state == .idle, unsafe !sessions.pointer(slot).pointee.clientFinishedEarly
        else { return }
        if driver.freeBuffers(in: .common) == 0 {
            watchClient(slot)
        } else {
            cancel(.clientHangup, slot)
            receive(slot, .tx, into: .common)
        }
    }

    /// Has ``clientMoved(_:_:)`` told when the client ends its stream or goes away.
    func watchClient(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        guard !isInFlight(.clientHangup, slot) else { return }
        driver.poll(
            unsafe session.pointee.client,
            events: PollEvents.endOfStream,
            token: begin(.clientHangup, slot)
        )
    }

    // MARK: Waiting

    func wait(_ slot: UInt32, until end: Deadline) {
        let session = unsafe sessions.pointer(slot)
        deadlines.set(slot, min(end, budgetEnd(slot)))
        // From the first time on the client is listened to, or watched.
        guard unsafe session.pointee.phase != .waiting else { return }
        unsafe session.pointee.phase = .waiting
        waitingSessions += 1
        services[unsafe Int(session.pointee.service)].add(.waiting)
        if endIfClientIsGone(slot) { return }
        if unsafe flow(slot, .tx).pointee.state != .receiving { watchClient(slot) }
    }

    /// Whether a client that waits for an upstream has gone, and its session with it.
    private func endIfClientIsGone(_ slot: UInt32) -> Bool {
        if hasNothingToSay(slot) {
            end(slot, .clientGone, .graceful)
            return true
        }
        // That look at its stream has used up the error of a reset, which a receive would take for an end of stream.
        guard sockets.isOver(unsafe sessions.pointer(slot).pointee.client) else { return false }
        end(slot, .clientGone, .reset)
        return true
    }

    /// The client has ended its stream without a byte. While no upstream is there to speak first, there is nothing to
    /// do for it; with bytes before the end it is a request whose answer is still wanted.
    private func hasNothingToSay(_ slot: UInt32) -> Bool {
        let session = unsafe sessions.pointer(slot)
        guard unsafe session.pointee.txBytes == 0 else { return false }
        if unsafe session.pointee.clientFinishedEarly { return true }
        // A receive under way may have taken bytes already: its result will tell.
        guard unsafe flow(slot, .tx).pointee.state == .idle else { return false }
        return sockets.isAtEnd(unsafe session.pointee.client)
    }

    func leaveWaiting(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        guard unsafe session.pointee.phase == .waiting else { return }
        waitingSessions -= 1
        services[unsafe Int(session.pointee.service)].subtract(.waiting)
    }

    private func giveUp(_ slot: UInt32) {
        let attempts = unsafe sessions.pointer(slot).pointee.attempts
        end(slot, attempts > 0 ? .connectFailed : .noEndpoint, .reset)
    }

    /// What says that a client has been reset. A unix peer that has merely closed hangs up too; only one that closed
    /// over unread input is an error (unix(7)).
    func hangup(ofClient slot: UInt32) -> UInt32 {
        let service = Int(unsafe sessions.pointer(slot).pointee.service)
        return unsafe listeners[service].isUnix ? PollEvents.error : PollEvents.hangup
    }

    /// The poll on a client has something to say.
    @inline(never)
    func clientMoved(_ completion: Completion, _ slot: UInt32) {
        switch unsafe sessions.pointer(slot).pointee.phase {
        case .relaying:
            halfClosedMoved(completion, slot, .tx)
        case .waiting, .dialing:
            if PollEvents.result(completion.result, has: hangup(ofClient: slot)) {
                end(slot, .clientGone, .reset)
            } else if unsafe sessions.pointer(slot).pointee.phase == .waiting {
                if !endIfClientIsGone(slot), !completion.more { watchClient(slot) }
            } else if !completion.more && completion.result > 0 {
                watchClient(slot)
            }
        case .free, .spare, .ending, .flushing:
            break
        }
    }

    // MARK: Connecting

    func dialingDeadline(_ slot: UInt32) {
        if isInFlight(.connect, slot) {
            connectTakesLong(slot)
        } else {
            // Only the spare was left, and the budget is spent.
            giveUp(slot)
        }
    }

    private func connectTakesLong(_ slot: UInt32) {
        let end = attemptEnd(slot)
        if spareHasWon(slot) {
            cancel(.connect, slot)
        } else if now < end {
            deadlines.set(slot, end)
            startSpare(slot)
            return
        } else {
            // Whether it succeeded in this very moment, its result will say.
            unsafe sessions.pointer(slot).pointee.attemptExpired = true
            cancel(.connect, slot)
        }
        deadlines.set(slot, now.advanced(by: Self.cancelPatience))
    }

    /// 0, or why a connect did not come about.
    func connectError(_ result: Int32, _ slot: UInt32) -> Int32 {
        let session = unsafe sessions.pointer(slot)
        let hasFailed = PollEvents.result(result, has: PollEvents.hangup)
        let error = unsafe result > 0 ? (hasFailed ? sockets.takeError(session.pointee.upstream) : 0) : -result
        guard error == 0 else { return unsafe session.pointee.attemptExpired ? SystemError.timedOut : error }
        guard settings.localPorts.contains(unsafe session.pointee.upstreamPort) else { return 0 }
        let isOurOwn = unsafe sockets.isSelfConnected(session.pointee.upstream, port: session.pointee.upstreamPort)
        return isOurOwn ? SystemError.refused : 0
    }

    @inline(never)
    func connectFinished(_ result: Int32, _ slot: UInt32) {
        deadlines.clear(slot)
        let error = connectError(result, slot)
        if error == 0 {
            loseSpare(slot)
            connected(slot)
        } else if spareHasWon(slot) {
            outcomes.note(.overtaken, slot: unsafe sessions.pointer(slot).pointee.endpointSlot)
            leaveAttempt(slot)
            adoptSpare(slot)
        } else {
            attemptFailed(error, slot)
        }
    }

    /// The upstream is there.
    func connected(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        unsafe session.pointee.phase = .relaying
        unsafe session.pointee.error = 0
        unsafe session.pointee.owedBytes = Session.unknown
        forgetTried(slot)
        let sinceAccept = unsafe microseconds(now.since(session.pointee.acceptedAt))
        let taken = unsafe sinceAccept &- session.pointee.connectMicroseconds
        unsafe session.pointee.connectMicroseconds = taken
        unsafe session.pointee.connectedMicroseconds = sinceAccept
        unsafe endpoints.addConnection(to: session.pointee.endpointSlot)
        services[unsafe Int(session.pointee.service)].add(.connect, microseconds: UInt64(taken))
        unsafe connectTimes[Int(session.pointee.service)].add(microseconds: taken)
        outcomes.note(.connected, slot: unsafe session.pointee.endpointSlot)
        outcomes.noteTime(.connect, microseconds: taken, slot: unsafe session.pointee.endpointSlot)
        expectKeepalive()
        startRelay(slot)
    }

    private func attemptFailed(_ error: Int32, _ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        unsafe session.pointee.error = Int16(truncatingIfNeeded: error)
        noteFailure(error, slot)
        let isFull = unsafe noteTried(session.pointee.endpointSlot, slot)
        leaveAttempt(slot)
        unsafe session.pointee.connectMicroseconds = Session.unknownMicroseconds
        if isFull, unsafe session.pointee.other != 0 {
            // There is still the spare.
            deadlines.set(slot, budgetEnd(slot))
        } else if isFull {
            forgetTried(slot)
            wait(slot, until: now.advanced(by: Self.retryPause))
        } else {
            services[unsafe Int(session.pointee.service)].add(.retries)
            dial(slot)
        }
    }

    /// Counts a connect that did not come about, against its endpoint if it has had its time.
    func noteFailure(_ error: Int32, _ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        services[unsafe Int(session.pointee.service)].add(.connectFailures)
        endpoints.addFailure(ConnectFailure(errno: error), to: unsafe session.pointee.endpointSlot)
        guard let outcome = Outcome(ofConnectError: error) else { return }
        // At the end of the budget an attempt may have had a moment only.
        if outcome == .timedOut, attemptEnd(slot) == budgetEnd(slot) { return }
        outcomes.note(outcome, slot: unsafe session.pointee.endpointSlot)
    }

    /// Closes the socket of an attempt that is over.
    private func leaveAttempt(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        leaveEndpoint(slot)
        // Reset: if the connection came about after all, the endpoint must not take it for an empty one.
        sockets.closeWithReset(unsafe session.pointee.upstream)
        unsafe session.pointee.upstream = -1
    }

    /// The session does not count on its endpoint any more.
    func leaveEndpoint(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        guard unsafe session.pointee.isCounted else { return }
        unsafe session.pointee.isCounted = false
        unsafe context.loads.decrement(worker: context.index, slot: session.pointee.endpointSlot)
    }
}

/// Nanoseconds as the milliseconds of a session's clocks; 49 days and more are cut to about that.
@inline(__always)
func milliseconds(_ nanoseconds: UInt64) -> UInt32 {
    UInt32(min(nanoseconds / 1_000_000, UInt64(UInt32.max - 1)))
}

/// Nanoseconds as the microseconds of a session's clocks; an hour and more is cut to about that.
@inline(__always)
func microseconds(_ nanoseconds: UInt64) -> UInt32 {
    UInt32(min(nanoseconds / 1_000, UInt64(UInt32.max - 1)))
}
