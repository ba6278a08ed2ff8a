import Reactor

/// The third part of a connection's life: bytes in both directions, a FIN as a FIN, a reset as a reset.
///
/// Each direction moves in the circle receive, send, receive; with one buffer at a time, a destination that does
/// not take its bytes stops its source, and nothing else.
extension Worker {
    @inline(__always)
    func flow(_ slot: UInt32, _ direction: Direction) -> UnsafeMutablePointer<Flow> {
        unsafe flows + Int(slot * 2 + direction.rawValue)
    }

    func startRelay(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        let tx = unsafe flow(slot, .tx)
        unsafe session.pointee.lastActivity = now
        scheduleRelay(slot)
        cancel(.clientHangup, slot)
        armReceive(slot, .rx)
        switch unsafe tx.pointee.state {
        case .holding:
            send(slot, .tx)
        case .idle:
            if unsafe session.pointee.clientFinishedEarly {
                finish(slot, .tx)
            } else {
                armReceive(slot, .tx)
            }
        case .receiving, .starved, .gated:
            break
        case .sending, .finished, .broken:
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
    func receive(_ slot: UInt32, _ direction: Direction, into pool: BufferPool) {
        let session = unsafe sessions.pointer(slot)
        unsafe flow(slot, direction).pointee.state = .receiving
        unsafe flow(slot, direction).pointee.pool = pool
        switch direction {
        case .tx:
            driver.receive(from: unsafe session.pointee.client, into: pool, token: begin(.receiveFromClient, slot))
        case .rx:
            driver.receive(from: unsafe session.pointee.upstream, into: pool, token: begin(.receiveFromUpstream, slot))
        }
    }

    /// The common buffers are gone: from here on only bytes that the destination can take at once are received, into
    /// the reserve. So connections that are blocked cannot keep the others from moving.
    @inline(never)
    private func armGate(_ slot: UInt32, _ direction: Direction) {
        let session = unsafe sessions.pointer(slot)
        unsafe flow(slot, direction).pointee.state = .gated
        switch direction {
        case .tx:
            driver.poll(
                unsafe session.pointee.upstream,
                events: PollEvents.writable,
                token: begin(.upstreamWritable, slot)
            )
        case .rx:
            driver.poll(
                unsafe session.pointee.client,
                events: PollEvents.writable,
                token: begin(.clientWritable, slot)
            )
        }
    }

    /// The destination can take bytes, or has gone, which the receive or the send after it will tell. The poll is
    /// ended first, so that the next gate finds none in flight.
    func gateMoved(_ completion: Completion, _ slot: UInt32, _ direction: Direction) {
        if !completion.more {
            receive(slot, direction, into: .reserve)
        } else if PollEvents.result(completion.result, has: PollEvents.writable | PollEvents.hangup) {
            cancel(direction == .tx ? .upstreamWritable : .clientWritable, slot)
        }
    }

    @inline(__always)
    func received(_ completion: Completion, _ slot: UInt32, _ direction: Direction) {
        guard completion.result > 0, let buffer = completion.buffer else {
            streamEnded(completion.result, slot, direction)
            return
        }
        let flow = unsafe flow(slot, direction)
        unsafe flow.pointee.buffer = buffer
        unsafe flow.pointee.holdsBuffer = true
        unsafe flow.pointee.offset = 0
        unsafe flow.pointee.count = UInt32(completion.result)
        let session = unsafe sessions.pointer(slot)
        unsafe session.pointee.lastActivity = now
        switch direction {
        case .tx:
            if unsafe session.pointee.phase == .relaying {
                send(slot, .tx)
            } else {
                unsafe flow.pointee.state = .holding
            }
        case .rx:
            if unsafe session.pointee.firstByteMicroseconds == Session.unknownMicroseconds {
                unsafe session.pointee.firstByteMicroseconds = microseconds(now.since(session.pointee.acceptedAt))
            }
            send(slot, .rx)
        }
    }

    // MARK: Sending

    @inline(__always)
    private func send(_ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        let session = unsafe sessions.pointer(slot)
        unsafe flow.pointee.state = .sending
        let socket: Int32
        let token: Token
        switch direction {
        case .tx:
            socket = unsafe session.pointee.upstream
            token = begin(.sendToUpstream, slot)
        case .rx:
            socket = unsafe session.pointee.client
            token = begin(.sendToClient, slot)
        }
        driver.send(
            to: socket,
            buffer: unsafe flow.pointee.buffer,
            offset: unsafe flow.pointee.offset,
            count: unsafe flow.pointee.count,
            token: token
        )
    }

    @inline(__always)
    func sent(_ result: Int32, _ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        guard result > 0 else {
            destinationGone(result, slot, direction)
            return
        }
        let session = unsafe sessions.pointer(slot)
        unsafe session.pointee.lastActivity = now
        switch direction {
        case .tx:
            unsafe session.pointee.txBytes &+= UInt64(result)
            statistics.add(.txBytes, UInt64(result))
        case .rx:
            unsafe session.pointee.rxBytes &+= UInt64(result)
            statistics.add(.rxBytes, UInt64(result))
        }
        guard unsafe UInt32(result) == flow.pointee.count else {
            unsafe flow.pointee.offset += UInt32(result)
            unsafe flow.pointee.count -= UInt32(result)
            send(slot, direction)
            return
        }
        unsafe giveBackBuffer(of: unsafe flow)
        armReceive(slot, direction)
    }

    @inline(__always)
    func giveBackBuffer(of flow: UnsafeMutablePointer<Flow>) {
        guard unsafe flow.pointee.holdsBuffer else { return }
        unsafe flow.pointee.holdsBuffer = false
        driver.release(unsafe flow.pointee.buffer)
    }

    // MARK: Ends

    /// A receive has brought no bytes: the end of the stream, a reset, or no buffer.
    @inline(never)
    private func streamEnded(_ result: Int32, _ slot: UInt32, _ direction: Direction) {
        let session = unsafe sessions.pointer(slot)
        if result == -SystemError.noBuffer {
            statistics.add(.bufferStarved)
            foundNoBuffer(slot, direction)
            return
        }
        if SystemError.isInterruption(-result) {
            armReceive(slot, direction)
            return
        }
        let sourceIsGone: Bool
        switch direction {
        case .tx: sourceIsGone = unsafe session.pointee.clientIsGone
        case .rx: sourceIsGone = unsafe session.pointee.upstreamIsGone
        }
        if result == 0 && !sourceIsGone {
            if unsafe session.pointee.phase == .relaying {
                finish(slot, direction)
            } else {
                clientFinishedBeforeConnect(slot)
            }
            return
        }
        // A failed send has used up the error that this receive would have brought: it is a reset all the same.
        if result < 0 { unsafe session.pointee.error = -result }
        if unsafe session.pointee.phase != .relaying {
            end(slot, .clientGone, .reset)
            return
        }
        switch direction {
        case .tx: end(slot, .clientReset, .resetUpstreamAfterBytes)
        case .rx: end(slot, .upstreamReset, .resetClientAfterBytes)
        }
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
        if unsafe session.pointee.phase == .waiting && session.pointee.txBytes == 0 {
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
        case .idle, .receiving, .starved, .gated, .holding, .sending:
            let socket = unsafe direction == .tx ? session.pointee.upstream : session.pointee.client
            // Where it fails the destination has gone, which its own operations report.
            _ = Socket.finish(socket)
            unsafe session.pointee.halfClosedAt = now
            scheduleRelay(slot)
        }
    }

    /// A send has failed: what the destination had sent before is still delivered, then it counts as reset.
    @inline(never)
    private func destinationGone(_ result: Int32, _ slot: UInt32, _ direction: Direction) {
        let session = unsafe sessions.pointer(slot)
        if SystemError.isInterruption(-result) && result < 0 {
            send(slot, direction)
            return
        }
        unsafe session.pointee.error = -result
        unsafe giveBackBuffer(of: unsafe flow(slot, direction))
        unsafe flow(slot, direction).pointee.state = .broken
        let goneIsUpstream = direction == .tx
        if goneIsUpstream {
            unsafe session.pointee.upstreamIsGone = true
        } else {
            unsafe session.pointee.clientIsGone = true
        }
        switch unsafe flow(slot, direction.opposite).pointee.state {
        case .finished, .broken:
            if goneIsUpstream {
                end(slot, .upstreamReset, .resetClientAfterBytes)
            } else {
                end(slot, .clientReset, .resetUpstreamAfterBytes)
            }
        case .idle, .receiving, .starved, .gated, .holding, .sending:
            unsafe session.pointee.lastActivity = now
            scheduleRelay(slot)
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

    // MARK: Time

    /// A connection whose one stream has ended is normally over in a moment; only one that stays half closed for
    /// this long is watched for the reset of the ended side, which no receive would report.
    static var halfClosedPatience: UInt64 { 50_000_000 }

    private func scheduleRelay(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        var next = unsafe session.pointee.nextReport
        if settings.idleTimeout > 0 {
            next = min(next, unsafe session.pointee.lastActivity.advanced(by: settings.idleTimeout))
        }
        if unsafe session.pointee.clientIsGone || session.pointee.upstreamIsGone {
            next = min(next, unsafe session.pointee.lastActivity.advanced(by: Self.flushPatience))
        }
        if unsafe !session.pointee.watchesHalfClosed {
            next = min(next, unsafe session.pointee.halfClosedAt.advanced(by: Self.halfClosedPatience))
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
        if unsafe session.pointee.nextReport <= now {
            unsafe session.pointee.nextReport = now.advanced(by: settings.accessLogInterval)
            if settings.recordsAccess { record(slot, isOpen: true) }
        }
        if unsafe !session.pointee.watchesHalfClosed,
            unsafe session.pointee.halfClosedAt.advanced(by: Self.halfClosedPatience) <= now
        {
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

    /// How a session ends when the source of `direction` was reset.
    private static func ending(afterResetOf direction: Direction) -> Session.Ending {
        direction == .tx ? .resetUpstreamAfterBytes : .resetClientAfterBytes
    }
}
