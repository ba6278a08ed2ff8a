import Reactor

/// The third part of a connection's life: bytes in both directions, a FIN as a FIN, a reset as a reset.
///
/// Each direction moves in the circle receive, send, receive; with one buffer at a time, a destination that does
/// not take its bytes stops its source, and nothing else. Streams of messages and of bulk leave it for quicker ways
/// (TurnAround, Bulk), and come back to it.
extension Worker {
    @inline(__always)
    func flow(_ slot: UInt32, _ direction: Direction) -> UnsafeMutablePointer<Flow> {
        unsafe flows + Int(slot &* 2 &+ direction.rawValue)
    }

    func startRelay(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        let tx = unsafe flow(slot, .tx)
        unsafe session.pointee.lastActivity = now
        scheduleRelay(slot)
        cancel(.clientHangup, slot)
        armReceive(slot, .rx)
        switch unsafe tx.pointee.state {
        case .idle:
            if unsafe session.pointee.clientFinishedEarly {
                finish(slot, .tx)
            } else {
                greet(slot)
            }
        case .holding:
            send(slot, .tx)
        case .receiving:
            break
        case .watching, .leaving, .starved, .gated, .bulk, .ending, .failing, .finished, .broken:
            preconditionFailure("bytes went to an upstream that was not connected")
        }
    }

    // MARK: Receiving

    /// Asks for the next bytes of a direction, at once or when they can be taken.
    @inline(__always)
    func armReceive(_ slot: UInt32, _ direction: Direction) {
        if driver.freeBuffers(in: .common) > 0 {
            receive(slot, direction, into: .common)
        } else {
            armGate(slot, direction)
        }
    }

    @inline(__always)
    func source(_ slot: UInt32, _ direction: Direction) -> Int32 {
        let session = unsafe sessions.pointer(slot)
        return unsafe direction == .tx ? session.pointee.client : session.pointee.upstream
    }

    @inline(__always)
    func destination(_ slot: UInt32, _ direction: Direction) -> Int32 { source(slot, direction.opposite) }

    /// The operation that brings the bytes of a direction; also the wait for them (Bulk), and the watch (TurnAround).
    @inline(__always)
    func receiveOperation(_ direction: Direction) -> Operation {
        direction == .tx ? .receiveFromClient : .receiveFromUpstream
    }

    @inline(never)
    func receive(_ slot: UInt32, _ direction: Direction, into pool: BufferPool) {
        let flow = unsafe flow(slot, direction)
        unsafe flow.pointee.state = .receiving
        unsafe flow.pointee.pool = pool
        let token = begin(receiveOperation(direction), slot)
        driver.receive(from: source(slot, direction), into: pool, token: token)
    }

    /// The common buffers are gone: from here on only bytes that the destination can take at once are received, into
    /// the reserve. So connections that are blocked cannot keep the others from moving.
    @inline(never)
    private func armGate(_ slot: UInt32, _ direction: Direction) {
        unsafe flow(slot, direction).pointee.state = .gated
        // A poll that is being cancelled opens the gate with its end.
        if !isInFlight(gateOperation(direction), slot) { awaitRoom(slot, direction) }
    }

    /// The operation that tells when the destination of a direction takes bytes.
    @inline(__always)
    func gateOperation(_ direction: Direction) -> Operation {
        direction == .tx ? .upstreamWritable : .clientWritable
    }

    func awaitRoom(_ slot: UInt32, _ direction: Direction) {
        driver.poll(
            destination(slot, direction),
            events: PollEvents.writable,
            token: begin(gateOperation(direction), slot)
        )
    }

    /// The destination can take bytes, or has gone, which the receive or the send after it will tell. The poll is
    /// ended first, so that the next gate finds none in flight.
    @inline(never)
    func gateMoved(_ completion: Completion, _ slot: UInt32, _ direction: Direction) {
        switch unsafe flow(slot, direction).pointee.state {
        case .gated:
            if !completion.more {
                receive(slot, direction, into: .reserve)
            } else if PollEvents.result(completion.result, has: PollEvents.writable | PollEvents.hangup) {
                cancel(gateOperation(direction), slot)
            }
        case .bulk, .ending, .failing:
            bulkWritable(completion, slot, direction)
        case .broken, .finished, .receiving, .watching, .leaving, .holding, .starved:
            // The end of a poll that is not needed any more.
            break
        case .idle:
            preconditionFailure("a poll that nobody has asked for")
        }
    }

    @inline(__always)
    func received(_ completion: Completion, _ slot: UInt32, _ direction: Direction) {
        guard completion.result > 0, let buffer = completion.buffer else {
            if unsafe flow(slot, direction).pointee.isWatched {
                watched(completion, slot, direction)
            } else {
                receivedNone(completion, slot, direction)
            }
            return
        }
        let flow = unsafe flow(slot, direction)
        let session = unsafe sessions.pointer(slot)
        guard unsafe flow.pointee.state == .receiving else {
            unsafe receivedForNobody(buffer, flow)
            return
        }
        let count = UInt32(bitPattern: completion.result)
        unsafe flow.pointee.state = .holding
        unsafe flow.pointee.buffer = buffer
        unsafe flow.pointee.holdsBuffer = true
        unsafe flow.pointee.offset = 0
        unsafe flow.pointee.count = count
        if !completion.leftBytes {
            unsafe flow.pointee.largeResults = 0
        } else if unsafe flow.pointee.largeResults < Self.largeResultsOfBulk {
            unsafe flow.pointee.largeResults &+= 1
        }
        if completion.leftBytes {
            unsafe flow.pointee.smallResults = 0
        } else if unsafe flow.pointee.smallResults < settings.watchesAfter {
            unsafe flow.pointee.smallResults &+= 1
        }
        unsafe session.pointee.lastActivity = now
        switch direction {
        case .rx: if unsafe !session.pointee.hasFirstByte { noteFirstByte(slot) }
        case .tx: if unsafe session.pointee.txBytes > 0 && !session.pointee.sendsAtOnce { sendAtOnce(slot) }
        }
        switch unsafe session.pointee.phase {
        case .relaying: send(slot, direction)
        // Nothing else would tell that the client goes away.
        case .waiting: watchClient(slot)
        case .dialing, .free, .spare, .ending, .flushing: break
        }
    }

    /// The first byte from the upstream; once in a session's life.
    @inline(never)
    func noteFirstByte(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        let sinceAccept = unsafe microseconds(now.since(session.pointee.acceptedAt))
        unsafe session.pointee.firstByteMicroseconds = sinceAccept
        let sinceConnect = unsafe sinceAccept &- session.pointee.connectedMicroseconds
        outcomes.noteTime(.firstByte, microseconds: sinceConnect, slot: unsafe session.pointee.endpointSlot)
        services[unsafe Int(session.pointee.service)].add(.firstByte, microseconds: UInt64(sinceAccept))
    }

    /// The client's second message, and each that follows, must not wait until the first is acknowledged (Nagle, RFC 1122,
    /// section 4.2.3.4). Most short connections have one only, and are spared the call.
    @inline(never)
    func sendAtOnce(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        guard unsafe !session.pointee.sendsAtOnce else { return }
        unsafe session.pointee.sendsAtOnce = true
        sockets.sendAtOnce(unsafe session.pointee.upstream)
    }

    /// The destination has gone in the meantime.
    @inline(never)
    private func receivedForNobody(_ buffer: BufferIndex, _ flow: UnsafeMutablePointer<Flow>) {
        precondition(unsafe flow.pointee.state == .broken, "bytes that nobody has asked for")
        driver.release(buffer)
    }

    /// The receive of a direction has brought no bytes, or was a wait for them.
    @inline(never)
    private func receivedNone(_ completion: Completion, _ slot: UInt32, _ direction: Direction) {
        switch unsafe flow(slot, direction).pointee.state {
        case .bulk: move(slot, direction)
        case .broken: break
        case .receiving: receiveFailed(completion.result, slot, direction)
        case .idle, .watching, .leaving, .holding, .starved, .gated, .ending, .failing, .finished:
            preconditionFailure("a receive that nobody has asked for")
        }
    }

    // MARK: Sending

    @inline(__always)
    func sendOperation(_ direction: Direction) -> Operation {
        direction == .tx ? .sendToUpstream : .sendToClient
    }

    @inline(__always)
    func send(_ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        driver.send(
            to: destination(slot, direction),
            buffer: unsafe flow.pointee.buffer,
            offset: unsafe flow.pointee.offset,
            count: unsafe flow.pointee.count,
            token: begin(sendOperation(direction), slot)
        )
    }

    @inline(__always)
    func sent(_ result: Int32, _ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        guard result > 0 else {
            destinationGone(result, slot, direction)
            return
        }
        unsafe count(UInt32(bitPattern: result), sessions.pointer(slot), direction)
        guard unsafe UInt32(bitPattern: result) == flow.pointee.count else {
            unsafe flow.pointee.offset &+= UInt32(bitPattern: result)
            unsafe flow.pointee.count &-= UInt32(bitPattern: result)
            send(slot, direction)
            return
        }
        unsafe giveBackBuffer(of: unsafe flow)
        if unsafe flow.pointee.isWatched {
            // Its watch is being ended.
            unsafe flow.pointee.state = .leaving
            return
        }
        if unsafe flow.pointee.largeResults == Self.largeResultsOfBulk && startBulk(slot, direction) { return }
        if isToBeWatched(slot, direction) {
            watch(slot, direction)
        } else {
            armReceive(slot, direction)
        }
    }

    /// So many bytes were taken by the destination.
    @inline(__always)
    func count(_ bytes: UInt32, _ session: UnsafeMutablePointer<Session>, _ direction: Direction) {
        unsafe session.pointee.lastActivity = now
        let service = services[unsafe Int(session.pointee.service)]
        switch direction {
        case .tx:
            unsafe session.pointee.awaitsAnswer = true
            unsafe session.pointee.txBytes &+= UInt64(bytes)
            service.add(.txBytes, UInt64(bytes))
        case .rx:
            unsafe session.pointee.awaitsAnswer = false
            unsafe session.pointee.rxBytes &+= UInt64(bytes)
            service.add(.rxBytes, UInt64(bytes))
        }
        endpoints.addBytes(UInt64(bytes), direction, to: unsafe session.pointee.endpointSlot)
    }

    /// The source has ended, and the destination has taken everything that came before.
    func passedOn(_ slot: UInt32, _ direction: Direction) {
        if unsafe flow(slot, direction).pointee.state == .ending && !isGone(sourceOf: direction, slot) {
            finish(slot, direction)
        } else {
            end(slot, direction == .tx ? .clientReset : .upstreamReset, Self.ending(afterResetOf: direction))
        }
    }

    /// Whether a failed send has shown that the source of a direction is no more: the end of its stream is a reset.
    private func isGone(sourceOf direction: Direction, _ slot: UInt32) -> Bool {
        let session = unsafe sessions.pointer(slot)
        return unsafe direction == .tx ? session.pointee.clientIsGone : session.pointee.upstreamIsGone
    }

    /// Forgets what was received and not sent.
    func discard(_ slot: UInt32, _ direction: Direction) {
        unsafe giveBackBuffer(of: unsafe flow(slot, direction))
        leavePipe(slot, direction)
    }

    // MARK: Ends

    /// A receive has brought no bytes: the end of the stream, a reset, no buffer, or nothing at all.
    private func receiveFailed(_ result: Int32, _ slot: UInt32, _ direction: Direction) {
        if result == -SystemError.noBuffer {
            statistics.add(.bufferStarved)
            foundNoBuffer(slot, direction)
            return
        }
        guard result < 0, SystemError.isInterruption(-result) else {
            streamEnded(result, slot, direction)
            return
        }
        if unsafe sessions.pointer(slot).pointee.phase == .relaying {
            armReceive(slot, direction)
        } else {
            receive(slot, direction, into: .common)
        }
    }

    /// The source has ended its stream, or was reset.
    func streamEnded(_ result: Int32, _ slot: UInt32, _ direction: Direction) {
        let session = unsafe sessions.pointer(slot)
        let flow = unsafe flow(slot, direction)
        let isReset = result < 0 || isGone(sourceOf: direction, slot) || isHiddenReset(slot, direction)
        // A failed send has used up the error that this receive would have brought: it is a reset all the same.
        if result < 0 { unsafe session.pointee.error = Int16(truncatingIfNeeded: -result) }
        if unsafe session.pointee.phase != .relaying {
            if isReset {
                end(slot, .clientGone, .reset)
            } else {
                clientFinishedBeforeConnect(slot)
            }
            return
        }
        unsafe flow.pointee.state = isReset ? .failing : .ending
        if !hasSplicedBytes(slot, direction) {
            passedOn(slot, direction)
        } else if isReset {
            // What came before it is still owed to the destination, for as long as that takes it.
            markGone(sourceOf: direction, slot)
        }
    }

    /// An end of stream that is a reset: a send that is only partly done returns what it has done, and has used up the
    /// error of the socket all the same. A peer that has merely ended its stream is still there.
    private func isHiddenReset(_ slot: UInt32, _ direction: Direction) -> Bool {
        let opposite = unsafe flow(slot, direction.opposite).pointee
        guard opposite.hasPipe || isInFlight(sendOperation(direction.opposite), slot) else { return false }
        return sockets.isOver(source(slot, direction))
    }

    private func markGone(sourceOf direction: Direction, _ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        if direction == .tx {
            unsafe session.pointee.clientIsGone = true
        } else {
            unsafe session.pointee.upstreamIsGone = true
        }
        unsafe session.pointee.lastActivity = now
        scheduleRelay(slot)
    }

    /// There is data, but no buffer in the pool that was asked.
    private func foundNoBuffer(_ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        switch unsafe flow.pointee.pool {
        case .common where unsafe sessions.pointer(slot).pointee.phase == .relaying:
            armGate(slot, direction)
        case .common:
            // No upstream yet: its bytes can wait in the kernel.
            unsafe flow.pointee.state = .idle
            watchClient(slot)
        case .reserve:
            unsafe flow.pointee.state = .starved
            unsafe starved.append(index(slot, direction), in: unsafe flows)
        }
    }

    private func clientFinishedBeforeConnect(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        unsafe session.pointee.clientFinishedEarly = true
        unsafe flow(slot, .tx).pointee.state = .idle
        if unsafe session.pointee.phase == .waiting {
            end(slot, .clientGone, .graceful)
        }
    }

    /// Everything of this direction has been passed on: the destination gets the FIN that the source sent.
    private func finish(_ slot: UInt32, _ direction: Direction) {
        let session = unsafe sessions.pointer(slot)
        unsafe flow(slot, direction).pointee.state = .finished
        if unsafe !session.pointee.hasFirstEnd {
            unsafe session.pointee.hasFirstEnd = true
            unsafe session.pointee.reason = direction == .tx ? .clientFin : .upstreamFin
        }
        switch unsafe flow(slot, direction.opposite).pointee.state {
        case .finished:
            // Both streams are over: closing sends the second FIN too.
            end(slot, unsafe session.pointee.reason, .graceful)
        case .broken:
            preconditionFailure("a side that is gone has ended its stream cleanly")
        case .idle, .receiving, .watching, .leaving, .holding, .starved, .gated, .bulk, .ending, .failing:
            // Where it fails the destination has gone, which its own operations report.
            _ = sockets.finish(destination(slot, direction))
            unsafe session.pointee.halfClosedMilliseconds = milliseconds(now.since(session.pointee.acceptedAt))
            scheduleRelay(slot)
        }
    }

    /// A send has failed: what the destination had sent before is still delivered, then it counts as reset.
    @inline(never)
    func destinationGone(_ result: Int32, _ slot: UInt32, _ direction: Direction) {
        let session = unsafe sessions.pointer(slot)
        if SystemError.isInterruption(-result) && result < 0 {
            send(slot, direction)
            return
        }
        unsafe session.pointee.error = Int16(truncatingIfNeeded: -result)
        discard(slot, direction)
        unsafe flow(slot, direction).pointee.state = .broken
        cancel(receiveOperation(direction), slot)
        cancel(gateOperation(direction), slot)
        let goneIsUpstream = direction == .tx
        markGone(sourceOf: direction.opposite, slot)
        switch unsafe flow(slot, direction.opposite).pointee.state {
        case .finished, .broken:
            if goneIsUpstream {
                end(slot, .upstreamReset, .resetClientAfterBytes)
            } else {
                end(slot, .clientReset, .resetUpstreamAfterBytes)
            }
        case .idle, .receiving, .watching, .leaving, .holding, .starved, .gated, .bulk, .ending, .failing:
            break
        }
    }

    // MARK: Waiting for buffers

    @inline(__always)
    func index(_ slot: UInt32, _ direction: Direction) -> UInt32 { slot * 2 + direction.rawValue }

    /// Lets as many starved flows try again as there are buffers in reserve; each takes at most one.
    func rearmStarved() {
        guard starved.count > 0 else { return }
        var budget = driver.freeBuffers(in: .reserve)
        while budget > 0, let index = unsafe starved.popFirst(in: unsafe flows) {
            budget -= 1
            guard let direction = Direction(rawValue: index & 1) else { return }
            armGate(index / 2, direction)
        }
    }

    /// How a session ends when the source of `direction` was reset.
    static func ending(afterResetOf direction: Direction) -> Session.Ending {
        direction == .tx ? .resetUpstreamAfterBytes : .resetClientAfterBytes
    }
}
