import Reactor

/// A worker's view of one listening descriptor.
struct ListenerState: BitwiseCopyable {
    var descriptor: Int32
    var isUnix: Bool
    var isArmed = false
    var isDraining = false
    var isClosed = false
}

/// The first part of a connection's life: it is accepted, or turned away.
extension Worker {
    /// After an accept that failed for want of something: long enough not to spin, short enough not to be noticed.
    static var acceptPause: UInt64 { 10_000_000 }
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

    func accepted(_ completion: Completion) {
        let index = Int(completion.token.slot)
        if completion.result >= 0 {
            admit(completion.result, service: index)
        } else {
            acceptFailed(-completion.result, index)
        }
        guard !completion.more else { return }
        unsafe listeners[index].isArmed = false
        pendingOperations &-= 1
        if unsafe listeners[index].isDraining {
            takeQueueAndClose(index)
        } else if completion.result >= 0 || Self.isPassing(-completion.result) {
            armListener(index)
        } else {
            deadlines.set(owner(ofListener: index), now.advanced(by: Self.acceptPause))
        }
    }

    /// Errors of one connection or one moment, after which the next accept may do better at once (accept(2)).
    private static func isPassing(_ error: Int32) -> Bool {
        SystemError.isOfOneConnection(error)
    }

    private func acceptFailed(_ error: Int32, _ index: Int) {
        statistics.add(.acceptErrors)
        if SystemError.isDescriptorShortage(error) { turnOneAway(index) }
    }

    /// Tells one client now instead of letting it hang in the queue: the spare descriptor is what it is taken with.
    @discardableResult
    private func turnOneAway(_ index: Int) -> Bool {
        guard spareDescriptor >= 0 else { return false }
        Socket.closeGracefully(spareDescriptor)
        let client = Socket.accept(unsafe listeners[index].descriptor)
        if client >= 0 { reject(client) }
        spareDescriptor = Socket.spare()
        return client >= 0
    }

    private func reject(_ client: Int32) {
        statistics.add(.rejected)
        statistics.addClosed(.limit)
        Socket.closeWithReset(client)
    }

    private func admit(_ client: Int32, service: Int) {
        guard context.admission.enter() else {
            reject(client)
            return
        }
        guard let slot = sessions.take() else {
            context.admission.leave()
            reject(client)
            return
        }
        if spareDescriptor < 0 { spareDescriptor = Socket.spare() }
        statistics.add(.accepted)
        statistics.add(.active)
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
        let recordsClient = unsafe settings.recordsAccess && !listeners[service].isUnix
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
                readsEarly: false,
                hasFirstEnd: false,
                inFlight: 0,
                service: UInt16(truncatingIfNeeded: service),
                attempts: 0,
                triedRevision: 0,
                error: 0,
                client: client,
                upstream: -1,
                endpointSlot: 0,
                isCounted: false,
                tried: TriedEndpoints(),
                endpoint: 0,
                connection: nextConnection,
                acceptedAt: now,
                attemptStartedAt: now,
                budgetEnd: now.advanced(by: settings.connectBudget),
                lastActivity: now,
                halfClosedAt: .never,
                watchesHalfClosed: false,
                nextReport: settings.accessLogInterval > 0 ? now.advanced(by: settings.accessLogInterval) : .never,
                connectMicroseconds: Session.unknownMicroseconds,
                firstByteMicroseconds: Session.unknownMicroseconds,
                txBytes: 0,
                rxBytes: 0,
                unsentBytes: 0,
                clientAddress: recordsClient
                    ? Socket.peer(of: client).map(CompactAddress.init) ?? CompactAddress() : CompactAddress()
            )
        )
        let fresh = Flow(
            state: .idle,
            holdsBuffer: false,
            buffer: 0,
            offset: 0,
            count: 0,
            next: 0,
            previous: 0
        )
        unsafe (flows + Int(slot) * 2).initialize(to: fresh)
        unsafe (flows + Int(slot) * 2 + 1).initialize(to: fresh)
    }

    // MARK: Drain

    /// The supervisor has already made the kernel refuse new connections on every listener.
    func startDrain() {
        for index in 0..<listenerCount {
            unsafe listeners[index].isDraining = true
            deadlines.set(owner(ofListener: index), now.advanced(by: Self.drainGrace))
        }
    }

    func listenerDeadline(_ index: Int) {
        let isArmed = unsafe listeners[index].isArmed
        switch (unsafe listeners[index].isDraining, isArmed) {
        case (false, false): armListener(index)
        case (false, true): break
        case (true, true): driver.cancel(token(ofListener: index))
        case (true, false): takeQueueAndClose(index)
        }
    }

    /// Serves what the kernel has accepted for us, to the last one, and then closes.
    private func takeQueueAndClose(_ index: Int) {
        guard unsafe !listeners[index].isClosed else { return }
        deadlines.clear(owner(ofListener: index))
        var failures = 0
        while failures < 100 {
            let client = Socket.accept(unsafe listeners[index].descriptor)
            if client >= 0 {
                admit(client, service: index)
            } else if SystemError.isDescriptorShortage(-client) {
                guard turnOneAway(index) else { break }
            } else if SystemError.isOfOneConnection(-client) {
                failures += 1
            } else {
                break
            }
        }
        unsafe listeners[index].isClosed = true
        openListeners -= 1
        // A unix listener belongs to all workers, and already refuses: it goes with the process.
        if unsafe !listeners[index].isUnix { Socket.closeGracefully(unsafe listeners[index].descriptor) }
    }
}
