import Reactor

/// A worker's view of one listening descriptor.
struct ListenerState: BitwiseCopyable {
    var descriptor: Int32
    var isUnix: Bool
    var isArmed = false
    var isDraining = false
    var isClosed = false
    /// Handshakes under way when the drain began have had their time.
    var isGraceOver = false
    /// Failed accepts in a row.
    var failures: UInt32 = 0
}

/// The first part of a connection's life: it is accepted, or turned away.
extension Worker {
    /// After an accept that failed for want of something: long enough not to spin, short enough not to be noticed.
    static var acceptPause: UInt64 { 10_000_000 }
    /// Failed accepts in a row, after which there is a pause whatever the error is.
    static var mostFailures: UInt32 { 16 }
    /// How long handshakes that were under way when a drain began have to finish.
    static var drainGrace: UInt64 { 10_000_000 }

    private func token(ofListener index: Int) -> Token {
        Token(.accept, slot: UInt32(index), generation: 0)
    }

    private func owner(ofListener index: Int) -> UInt32 { UInt32(sessions.capacity + index) }

    func armListener(_ index: Int) {
        unsafe listeners[index].isArmed = true
        pendingOperations &+= 1
        driver.accept(on: unsafe listeners[index].descriptor, token: token(ofListener: index))
    }

    @inline(never)
    func accepted(_ completion: Completion) {
        let index = Int(completion.token.slot)
        if completion.result >= 0 {
            unsafe listeners[index].failures = 0
            welcome(completion.result, service: index)
        } else {
            acceptFailed(-completion.result, index)
        }
        guard !completion.more else { return }
        unsafe listeners[index].isArmed = false
        pendingOperations &-= 1
        if unsafe listeners[index].isDraining {
            // Before that, the deadline does it: handshakes under way still have their time.
            if unsafe listeners[index].isGraceOver { takeQueueAndClose(index) }
        } else if completion.result >= 0 || mayAcceptAtOnce(-completion.result, index) {
            armListener(index)
        } else {
            deadlines.set(owner(ofListener: index), now.advanced(by: Self.acceptPause))
        }
    }

    /// After errors of one connection the next accept may do better at once (accept(2)); not if they go on and on.
    private func mayAcceptAtOnce(_ error: Int32, _ index: Int) -> Bool {
        unsafe SystemError.isOfOneConnection(error) && listeners[index].failures < Self.mostFailures
    }

    private func acceptFailed(_ error: Int32, _ index: Int) {
        guard unsafe !listeners[index].isDraining else { return }
        statistics.add(.acceptErrors)
        unsafe listeners[index].failures &+= 1
        if SystemError.isDescriptorShortage(error) { turnOneAway(index) }
    }

    /// Tells one client now instead of letting it hang in the queue: the spare descriptor is what it is taken with.
    private func turnOneAway(_ index: Int) {
        guard spareDescriptor >= 0 else { return }
        sockets.closeGracefully(spareDescriptor)
        let client = sockets.accept(unsafe listeners[index].descriptor)
        if client >= 0 { reject(client, service: index) }
        spareDescriptor = sockets.spare()
    }

    private func reject(_ client: Int32, service: Int) {
        services[service].add(.rejected)
        services[service].addClosed(.limit)
        if settings.recordsAccess { recordRejected(client, service: service) }
        sockets.closeWithReset(client)
    }

    private func recordRejected(_ client: Int32, service: Int) {
        nextConnection &+= 1
        let record = AccessRecord(
            connection: nextConnection,
            endpoint: 0,
            at: now,
            durationMicroseconds: 0,
            txBytes: 0,
            rxBytes: 0,
            connectMicroseconds: Session.unknownMicroseconds,
            firstByteMicroseconds: Session.unknownMicroseconds,
            error: 0,
            service: UInt16(truncatingIfNeeded: service),
            attempts: 0,
            worker: UInt16(truncatingIfNeeded: context.index),
            reason: .limit,
            isOpen: false,
            client: address(of: client, service: service)
        )
        if !context.records.append(record) { statistics.add(.accessRecordsDropped) }
    }

    /// The client's address for the access log.
    private func address(of client: Int32, service: Int) -> CompactAddress {
        settings.recordsAccess ? askAddress(of: client, service: service) : CompactAddress()
    }

    /// One system call for a client of a TCP listener.
    func askAddress(of client: Int32, service: Int) -> CompactAddress {
        if unsafe listeners[service].isUnix { return .unix }
        return sockets.peer(of: client).map(CompactAddress.init) ?? CompactAddress()
    }

    /// Begins the session of a client that counts on this worker already (Handover).
    func admit(_ client: Int32, service: Int) {
        guard context.admission.enter() else {
            context.handover.leave(context.index)
            reject(client, service: service)
            return
        }
        guard let slot = sessions.take() else {
            context.admission.leave()
            context.handover.leave(context.index)
            reject(client, service: service)
            return
        }
        if spareDescriptor < 0 { spareDescriptor = sockets.spare() }
        services[service].add(.accepted)
        services[service].add(.active)
        nextConnection &+= 1
        open(slot, client: client, service: service)
        if order == .reset {
            end(slot, .drained, .reset)
        } else {
            dial(slot)
        }
    }

    private func open(_ slot: UInt32, client: Int32, service: Int) {
        let session = unsafe sessions.pointer(slot)
        let generation = unsafe session.pointee.generation &+ 1
        unsafe session.initialize(
            to: Session(
                generation: generation,
                phase: .dialing,
                ending: .graceful,
                reason: .clientFin,
                clientIsGone: false,
                upstreamIsGone: false,
                attemptExpired: false,
                clientFinishedEarly: false,
                hasFirstEnd: false,
                isCounted: false,
                watchesHalfClosed: false,
                inFlight: 0,
                service: UInt16(truncatingIfNeeded: service),
                attempts: 0,
                error: 0,
                awaitsAnswer: false,
                client: client,
                upstream: -1,
                endpointSlot: 0,
                triedRevision: 0,
                tried: 0,
                connectMicroseconds: Session.unknownMicroseconds,
                firstByteMicroseconds: Session.unknownMicroseconds,
                halfClosedMilliseconds: Session.never,
                reports: 0,
                clientAddress: address(of: client, service: service),
                endpoint: 0,
                connection: nextConnection,
                acceptedAt: now,
                lastActivity: now,
                txBytes: 0,
                rxBytes: 0
            )
        )
        unsafe (flows + Int(slot) * 2).initialize(to: Flow.fresh)
        unsafe (flows + Int(slot) * 2 + 1).initialize(to: Flow.fresh)
    }

    // MARK: Drain

    /// The supervisor has already made the kernel refuse new connections on every listener.
    @inline(never)
    func startDrain() {
        // From now on the others keep what they accept; what they have handed over is served.
        inbox.close()
        for index in 0..<listenerCount {
            unsafe listeners[index].isDraining = true
            deadlines.set(owner(ofListener: index), now.advanced(by: Self.drainGrace))
        }
    }

    func listenerDeadline(_ index: Int) {
        let isArmed = unsafe listeners[index].isArmed
        unsafe listeners[index].isGraceOver = listeners[index].isDraining
        switch (unsafe listeners[index].isDraining, isArmed) {
        case (false, false): armListener(index)
        case (false, true): break
        case (true, true):
            // Asked again until it takes: a cancel may be refused while the accept is at work.
            driver.cancel(token(ofListener: index))
            deadlines.set(owner(ofListener: index), now.advanced(by: Self.cancelPatience))
        case (true, false): takeQueueAndClose(index)
        }
    }

    /// Serves what the kernel has accepted for us, to the last one, and then closes.
    private func takeQueueAndClose(_ index: Int) {
        guard unsafe !listeners[index].isClosed else { return }
        deadlines.clear(owner(ofListener: index))
        // In a row.
        var failures = 0
        while failures < 100 {
            let client = sockets.accept(unsafe listeners[index].descriptor)
            if client >= 0 {
                failures = 0
                serveHere(client, service: index)
            } else if SystemError.isDescriptorShortage(-client) {
                if spareDescriptor >= 0 {
                    // For one client more, or to see that the queue is empty.
                    sockets.closeGracefully(spareDescriptor)
                    spareDescriptor = -1
                    continue
                }
                if order == .reset { break }
                // Sessions that end give theirs back: then those in the queue are served.
                deadlines.set(owner(ofListener: index), now.advanced(by: Self.acceptPause))
                return
            } else if SystemError.isOfOneConnection(-client) {
                failures += 1
            } else {
                break
            }
        }
        unsafe listeners[index].isClosed = true
        openListeners -= 1
        // A unix listener belongs to all workers, and already refuses: it goes with the process.
        if unsafe !listeners[index].isUnix { sockets.closeGracefully(unsafe listeners[index].descriptor) }
    }
}
