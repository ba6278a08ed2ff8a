import Reactor

/// A direction on which so much comes that copying it would be the larger part of the work: splice(2) moves the pages
/// from socket to socket through a pipe, until the stream has calmed down again.
///
/// In place of its receive a flow waits until the source is readable; while the destination takes no more, until that
/// is writable, and nothing is read.
extension Worker {
    /// Receives in a row that filled their buffer and left bytes behind, and a stream is bulk: 64 KiB and more at once.
    static var largeResultsOfBulk: UInt8 { 3 }
    /// A move of less is small: the calls cost as much as the copies would.
    static var smallMove: UInt32 { 24 << 10 }
    /// So many moves in a row with less than that end it.
    static var smallMovesToCalm: UInt8 { 8 }
    /// Fills and drains for one wake-up, at most: others wait meanwhile.
    static var movesPerWakeup: Int { 4 }

    /// False without a free pipe: then it is copied as before.
    func startBulk(_ slot: UInt32, _ direction: Direction) -> Bool {
        guard context.admission.hasPlenty, let pipe = pipes.take() else { return false }
        let flow = unsafe flow(slot, direction)
        unsafe flow.pointee.pipe = pipe
        unsafe flow.pointee.smallMoves = 0
        unsafe flow.pointee.largeResults = 0
        unsafe flow.pointee.isBlocked = false
        unsafe flow.pointee.state = .bulk
        statistics.add(.bulkStarts)
        if direction == .tx { sendAtOnce(slot) }
        awaitSource(slot, direction)
        return true
    }

    private func awaitSource(_ slot: UInt32, _ direction: Direction) {
        driver.awaitReadable(source(slot, direction), token: begin(receiveOperation(direction), slot))
    }

    /// The poll of the destination; it stays armed as long as the flow is bulk.
    func bulkWritable(_ completion: Completion, _ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        guard unsafe flow.pointee.isBlocked else { return }
        if !completion.more {
            awaitRoom(slot, direction)
        } else if PollEvents.result(completion.result, has: PollEvents.writable | PollEvents.hangup) {
            unsafe flow.pointee.isBlocked = false
            move(slot, direction)
        }
    }

    func hasSplicedBytes(_ slot: UInt32, _ direction: Direction) -> Bool {
        let flow = unsafe flow(slot, direction)
        return unsafe flow.pointee.hasPipe && pipes.bytes(in: flow.pointee.pipe) > 0
    }

    /// Moves what is there, be it data, an end or an error, and asks for what it takes to go on.
    @inline(never)
    func move(_ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        let pipe = unsafe flow.pointee.pipe
        var moved: UInt32 = 0
        var isSourceEmpty = false
        for _ in 0..<Self.movesPerWakeup where !isSourceEmpty {
            if unsafe flow.pointee.state == .bulk {
                let result = pipes.fill(pipe, from: source(slot, direction))
                if result > 0 {
                    noteBytes(slot, direction)
                    isSourceEmpty = UInt32(bitPattern: result) < Self.smallMove
                } else if SystemError.isInterruption(-result) && result < 0 {
                    isSourceEmpty = true
                } else if result == 0 ? !sockets.isAtEnd(source(slot, direction)) : pipes.isRefused(-result) {
                    // No end of the stream but an urgent byte, which splice(2) does not pass; or a kernel that has no
                    // memory for pages on their way, or forbids splice(2). Copying gets on.
                    unsafe flow.pointee.smallMoves = Self.smallMovesToCalm
                    isSourceEmpty = true
                } else {
                    if !hasSplicedBytes(slot, direction) { leavePipe(slot, direction) }
                    streamEnded(result, slot, direction)
                    guard unsafe flow.pointee.hasPipe else { return }
                }
            }
            guard pipes.bytes(in: pipe) > 0 else { break }
            guard passOn(slot, direction, &moved) else { return }
        }
        settleMove(moved, slot, direction)
    }

    /// Drains the pipe; false when the destination is full or gone.
    ///
    /// Only a refusal says that it is full, and promises that the poll tells of room (SOCK_NOSPACE): splice(2) also ends
    /// early where the process is stopped or frozen for a moment, with room left, and then nothing would be told.
    private func passOn(_ slot: UInt32, _ direction: Direction, _ moved: inout UInt32) -> Bool {
        let pipe = unsafe flow(slot, direction).pointee.pipe
        while pipes.bytes(in: pipe) > 0 {
            let result = pipes.drain(pipe, into: destination(slot, direction))
            if result > 0 {
                moved &+= UInt32(bitPattern: result)
                unsafe count(UInt32(bitPattern: result), sessions.pointer(slot), direction)
                statistics.add(.splicedBytes, UInt64(result))
            } else if result == -SystemError.wouldBlock {
                becomeBlocked(slot, direction)
                return false
            } else if result != -SystemError.interrupted {
                destinationGone(result, slot, direction)
                return false
            }
        }
        return true
    }

    private func becomeBlocked(_ slot: UInt32, _ direction: Direction) {
        unsafe flow(slot, direction).pointee.isBlocked = true
        if !isInFlight(gateOperation(direction), slot) { awaitRoom(slot, direction) }
    }

    /// The pipe is empty: what comes next depends on the source.
    private func settleMove(_ moved: UInt32, _ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        guard unsafe flow.pointee.state == .bulk else {
            leavePipe(slot, direction)
            passedOn(slot, direction)
            return
        }
        if moved < Self.smallMove {
            unsafe flow.pointee.smallMoves &+= 1
        } else {
            unsafe flow.pointee.smallMoves = 0
        }
        if unsafe flow.pointee.smallMoves < Self.smallMovesToCalm && context.admission.hasPlenty {
            awaitSource(slot, direction)
        } else {
            leavePipe(slot, direction)
            armReceive(slot, direction)
        }
    }

    private func noteBytes(_ slot: UInt32, _ direction: Direction) {
        let session = unsafe sessions.pointer(slot)
        unsafe session.pointee.lastActivity = now
        if unsafe direction == .rx && !session.pointee.hasFirstByte { noteFirstByte(slot) }
    }

    /// The flow needs its pipe no more, nor the poll of its destination.
    func leavePipe(_ slot: UInt32, _ direction: Direction) {
        let flow = unsafe flow(slot, direction)
        guard unsafe flow.pointee.hasPipe else { return }
        pipes.giveBack(unsafe flow.pointee.pipe)
        unsafe flow.pointee.pipe = Flow.noPipe
        unsafe flow.pointee.isBlocked = false
        cancel(gateOperation(direction), slot)
    }
}
