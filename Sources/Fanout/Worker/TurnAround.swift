import Reactor

/// A direction that has shown to carry messages: its source is watched once and for all, and what comes is received
/// and sent on in the same moment, through one buffer that all such flows share. That spares the kernel and us to arm a
/// receive for each message, and the buffer stays in the cache.
///
/// What the destination does not take at once goes its way as any other: the flow owns the buffer then, and another one
/// is shared.
extension Worker {
    /// Receives for one event, at most: others wait meanwhile.
    static var roundsPerEvent: Int { 8 }

    /// Whether a direction is to be watched from now on: it has shown to carry messages, and a buffer is shared. Never
    /// that of a unix client: descriptors that come with its bytes end a receive early, and nothing is told of what follows.
    @inline(__always)
    func isToBeWatched(_ slot: UInt32, _ direction: Direction) -> Bool {
        let results = unsafe flow(slot, direction).pointee.smallResults
        guard hasShared, results == settings.watchesAfter else { return false }
        return unsafe direction == .rx || !listeners[Int(sessions.pointer(slot).pointee.service)].isUnix
    }

    func watch(_ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        unsafe flow.pointee.state = .watching
        unsafe flow.pointee.isWatched = true
        unsafe flow.pointee.smallResults = 0
        statistics.add(.watchStarts)
        if direction == .tx { sendAtOnce(slot) }
        driver.watch(source(slot, direction), token: begin(receiveOperation(direction), slot))
    }

    /// Receives go on, as soon as the watch has ended.
    private func leaveWatch(_ slot: UInt32, _ direction: Direction) {
        unsafe flow(slot, direction).pointee.state = .leaving
        cancel(receiveOperation(direction), slot)
    }

    /// Something has come, or the watch has ended.
    @inline(__always)
    func watched(_ completion: Completion, _ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        if completion.more && completion.result > 0 {
            guard unsafe flow.pointee.state == .watching else { return }
            turnAround(slot, direction, mayHideMore: PollEvents.hidesMore(completion.result))
        } else if !completion.more {
            watchEnded(slot, direction)
        }
    }

    @inline(never)
    private func watchEnded(_ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        unsafe flow.pointee.isWatched = false
        switch unsafe flow.pointee.state {
        // A receive is told of what is there, however long it has been.
        case .watching, .leaving: armReceive(slot, direction)
        case .idle, .receiving, .holding, .starved, .gated, .bulk, .ending, .failing, .finished, .broken: break
        }
    }

    /// Passes on what is there. Where that does not come to an end the watch is left: receives are told of what is there,
    /// and not only of what is new.
    ///
    /// - Parameter mayHideMore: whether more may stand behind a short result, an end or an error, of which nothing is told
    ///   any more.
    @inline(never)
    func turnAround(_ slot: UInt32, _ direction: Direction, mayHideMore: Bool) {
        let flow = unsafe flow(slot, direction)
        let session = unsafe sessions.pointer(slot)
        let source = unsafe direction == .tx ? session.pointee.client : session.pointee.upstream
        let destination = unsafe direction == .tx ? session.pointee.upstream : session.pointee.client
        for _ in 0..<Self.roundsPerEvent where hasShared {
            let received = driver.receive(from: source, into: shared)
            guard received > 0 else {
                if received == -SystemError.interrupted { continue }
                if received == -SystemError.wouldBlock {
                    unsafe flow.pointee.largeResults = 0
                } else {
                    cancel(receiveOperation(direction), slot)
                    streamEnded(received, slot, direction)
                }
                return
            }
            if unsafe direction == .rx && !session.pointee.hasFirstByte { noteFirstByte(slot) }
            let sent = driver.send(to: destination, buffer: shared, count: UInt32(bitPattern: received))
            if sent > 0 { unsafe count(UInt32(bitPattern: sent), session, direction) }
            guard sent == received else {
                isStuck(received, sent, slot, direction)
                return
            }
            if received < bufferSize {
                unsafe flow.pointee.largeResults = 0
                if !mayHideMore { return }
            } else {
                unsafe flow.pointee.largeResults &+= 1
                if unsafe flow.pointee.largeResults >= Self.largeResultsOfBulk { break }
            }
        }
        leaveWatch(slot, direction)
    }

    /// The upstream is there, and nothing was received from the client yet: what is there goes on in the same moment, and what
    /// comes later is received.
    func greet(_ slot: UInt32) {
        let session = unsafe sessions.pointer(slot)
        let flow = unsafe flow(slot, .tx)
        let received =
            hasShared ? driver.receive(from: unsafe session.pointee.client, into: shared) : -SystemError.wouldBlock
        guard received > 0 else {
            if received == -SystemError.wouldBlock || received == -SystemError.interrupted {
                armReceive(slot, .tx)
            } else {
                streamEnded(received, slot, .tx)
            }
            return
        }
        let sent = driver.send(to: unsafe session.pointee.upstream, buffer: shared, count: UInt32(bitPattern: received))
        if sent > 0 { unsafe count(UInt32(bitPattern: sent), session, .tx) }
        guard sent == received else {
            isStuck(received, sent, slot, .tx)
            return
        }
        if received < bufferSize { unsafe flow.pointee.smallResults = 1 }
        armReceive(slot, .tx)
    }

    /// The destination has not taken all that the shared buffer holds, or has gone.
    @inline(never)
    private func isStuck(_ received: Int32, _ sent: Int32, _ slot: UInt32, _ direction: Direction) {
        if sent > 0 || SystemError.isInterruption(-sent) {
            hold(UInt32(bitPattern: received), from: UInt32(max(0, sent)), slot, direction)
        } else {
            destinationGone(sent, slot, direction)
        }
    }

    /// The flow keeps the buffer until its destination has taken the rest, and is no longer watched: what comes meanwhile
    /// would wake the worker for nothing.
    private func hold(_ count: UInt32, from offset: UInt32, _ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        unsafe sessions.pointer(slot).pointee.lastActivity = now
        unsafe flow.pointee.state = .holding
        unsafe flow.pointee.pool = .common
        unsafe flow.pointee.buffer = shared
        unsafe flow.pointee.holdsBuffer = true
        unsafe flow.pointee.offset = offset
        unsafe flow.pointee.count = count &- offset
        hasShared = false
        cancel(receiveOperation(direction), slot)
        send(slot, direction)
    }

    /// The flow's buffer is nobody's any more: it goes back to its pool, or becomes the shared one, where that is missing and
    /// it is not the last.
    @inline(__always)
    func giveBackBuffer(of flow: UnsafeMutablePointer<Flow>) {
        guard unsafe flow.pointee.holdsBuffer else { return }
        unsafe flow.pointee.holdsBuffer = false
        if unsafe !hasShared && flow.pointee.pool == .common && driver.freeBuffers(in: .common) > 0 {
            shared = unsafe flow.pointee.buffer
            hasShared = true
        } else {
            driver.release(unsafe flow.pointee.buffer)
        }
    }
}
