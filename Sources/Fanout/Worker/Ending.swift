import Reactor

/// The last part of a connection's life, in named steps: end, settle, flush, close.
extension Worker {
    /// How long a side that is to be reset may take to accept what was sent before, without any progress.
    static var flushPatience: UInt64 { 5_000_000_000 }
    /// How often its queue is looked at: there is no event for an empty send queue.
    static var flushPause: UInt64 { 1_000_000 }
    /// An endpoint that ends its stream sooner than this, and without a byte, has not served its client.
    static var atOnce: UInt64 { 1_000_000_000 }
    static var longestFlushPause: UInt64 { 50_000_000 }

    /// Cancels what is in flight; the sockets are closed when the last result is in.
    @inline(never)
    func end(_ slot: UInt32, _ reason: CloseReason, _ ending: Session.Ending) {
        let session = unsafe sessions.pointer(slot)
        leaveWaiting(slot)
        loseSpare(slot)
        judge(slot, reason)
        // The attempt that is cut short has no time.
        if unsafe session.pointee.phase == .dialing {
            unsafe session.pointee.connectMicroseconds = Session.unknownMicroseconds
        }
        unsafe session.pointee.phase = .ending
        unsafe session.pointee.reason = reason
        unsafe session.pointee.ending = ending
        deadlines.clear(slot)
        leaveStarved(slot, .tx)
        leaveStarved(slot, .rx)
        if unsafe session.pointee.inFlight != 0 {
            cancelAll(slot)
            deadlines.set(slot, now.advanced(by: Self.cancelPatience))
        } else {
            settle(slot)
        }
    }

    /// What an end says of the endpoint: one that resets or closes at once, without a byte, does not serve.
    private func judge(_ slot: UInt32, _ reason: CloseReason) {
        let session = unsafe sessions.pointer(slot)
        guard unsafe session.pointee.phase == .relaying, unsafe session.pointee.rxBytes == 0,
            unsafe !session.pointee.hasFirstByte
        else { return }
        if reason == .upstreamReset {
            outcomes.note(.resetEarly, slot: unsafe session.pointee.endpointSlot)
        } else if reason == .upstreamFin, unsafe now.since(session.pointee.acceptedAt) < Self.atOnce {
            outcomes.note(.closedEarly, slot: unsafe session.pointee.endpointSlot)
        }
    }

    private func leaveStarved(_ slot: UInt32, _ direction: Direction) {
        guard unsafe flow(slot, direction).pointee.state == .starved else { return }
        unsafe starved.remove(index(slot, direction), in: unsafe flows)
        unsafe flow(slot, direction).pointee.state = .idle
    }

    private func cancelAll(_ slot: UInt32) {
        let inFlight = unsafe sessions.pointer(slot).pointee.inFlight
        for bit in 0..<UInt8(16) where inFlight & (1 << UInt16(bit)) != 0 {
            if let operation = Operation(rawValue: bit) { cancel(operation, slot) }
        }
    }

    /// A cancel may be refused while the operation is at work (io_uring_prep_cancel(3), EALREADY): ask again.
    func endingDeadline(_ slot: UInt32) {
        cancelAll(slot)
        deadlines.set(slot, now.advanced(by: Self.cancelPatience))
    }

    /// One more operation of an ending session has finished.
    @inline(never)
    func settle(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        guard unsafe session.pointee.inFlight == 0, unsafe session.pointee.phase == .ending else { return }
        deadlines.clear(slot)
        discard(slot, .tx)
        discard(slot, .rx)
        switch unsafe session.pointee.ending {
        case .graceful where isLate(slot):
            unsafe session.pointee.ending = .reset
            settle(slot)
        case .graceful:
            unsafe closeGracefully(&session.pointee.client)
            unsafe closeGracefully(&session.pointee.upstream)
            close(slot)
        case .reset:
            unsafe closeWithReset(&session.pointee.client)
            unsafe closeWithReset(&session.pointee.upstream)
            close(slot)
        case .resetClientAfterBytes:
            unsafe closeWithReset(&session.pointee.upstream)
            leaveEndpoint(slot)
            startFlush(slot)
        case .resetUpstreamAfterBytes:
            unsafe closeWithReset(&session.pointee.client)
            startFlush(slot)
        }
    }

    // MARK: A reset after the bytes that preceded it

    /// A reset throws away what the kernel has not sent yet: the queue must be empty first (SIOCOUTQ, tcp(7)).
    private func startFlush(_ slot: UInt32) {
        if order == .reset {
            cutFlush(slot)
            return
        }
        let session = unsafe sessions.pointer(slot)
        let unsent = sockets.unsentBytes(survivor(slot))
        guard unsent > 0, !sockets.isOver(survivor(slot)) else {
            finishFlush(slot)
            return
        }
        unsafe session.pointee.phase = .flushing
        unsafe session.pointee.unsentBytes = UInt32(unsent)
        unsafe session.pointee.lastActivity = now
        deadlines.set(slot, now.advanced(by: Self.flushPause))
    }

    func flushingDeadline(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        let unsent = UInt32(sockets.unsentBytes(survivor(slot)))
        if unsafe unsent < session.pointee.unsentBytes {
            unsafe session.pointee.unsentBytes = unsent
            unsafe session.pointee.lastActivity = now
        }
        let stalled = unsafe now.since(session.pointee.lastActivity)
        if unsent == 0 || stalled > Self.flushPatience || sockets.isOver(survivor(slot)) {
            finishFlush(slot)
        } else {
            let pause = min(max(Self.flushPause, stalled / 4), Self.longestFlushPause)
            deadlines.set(slot, now.advanced(by: pause))
        }
    }

    private func survivor(_ slot: UInt32) -> Int32 {
        let session = unsafe sessions.pointer(slot)
        return unsafe session.pointee.client >= 0 ? session.pointee.client : session.pointee.upstream
    }

    /// The drain has had its time: who is still owed bytes is cut short by it.
    func cutFlush(_ slot: UInt32) {
        if sockets.unsentBytes(survivor(slot)) > 0, !sockets.isOver(survivor(slot)) {
            unsafe sessions.pointer(slot).pointee.reason = .drained
        }
        finishFlush(slot)
    }

    /// Resets the side that is still open.
    private func finishFlush(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        deadlines.clear(slot)
        unsafe closeWithReset(&session.pointee.client)
        unsafe closeWithReset(&session.pointee.upstream)
        close(slot)
    }

    // MARK: Closing

    private func closeGracefully(_ socket: inout Int32) {
        guard socket >= 0 else { return }
        sockets.closeGracefully(socket)
        socket = -1
    }

    private func closeWithReset(_ socket: inout Int32) {
        guard socket >= 0 else { return }
        sockets.closeWithReset(socket)
        socket = -1
    }

    /// The session has no sockets and nothing in flight: its place is free.
    private func close(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        leaveEndpoint(slot)
        forgetTried(slot)
        let service = services[unsafe Int(session.pointee.service)]
        service.subtract(.active)
        service.addClosed(unsafe session.pointee.reason)
        service.add(.duration, microseconds: unsafe now.since(session.pointee.acceptedAt) / 1_000)
        if settings.recordsAccess { record(slot, isOpen: false) }
        lifetimes.note(now.since(unsafe session.pointee.acceptedAt), at: now)
        unsafe session.pointee.phase = .free
        context.handover.leave(context.index)
        context.admission.leave()
        sessions.giveBack(slot)
    }

    func record(_ slot: UInt32, isOpen: Bool) {
        if !context.records.append(accessRecord(slot, isOpen: isOpen)) { statistics.add(.accessRecordsDropped) }
    }

    /// What there is to say of a session now.
    func accessRecord(_ slot: UInt32, isOpen: Bool) -> AccessRecord {
        let session = unsafe sessions.pointer(slot).pointee
        return AccessRecord(
            connection: session.connection,
            endpoint: session.endpoint,
            at: now,
            durationMicroseconds: now.since(session.acceptedAt) / 1_000,
            txBytes: session.txBytes,
            rxBytes: session.rxBytes,
            connectMicroseconds: session.connectMicroseconds,
            firstByteMicroseconds: session.firstByteMicroseconds,
            error: Int32(session.error),
            service: session.service,
            attempts: session.attempts,
            worker: UInt16(truncatingIfNeeded: context.index),
            reason: session.reason,
            isOpen: isOpen,
            client: session.clientAddress
        )
    }
}
