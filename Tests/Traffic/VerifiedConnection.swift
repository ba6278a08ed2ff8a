import Glibc

/// One side of one verified connection: sends its stream, checks the other's, ends as its role says.
///
/// Belongs to one engine thread. `advance` is called when poll(2) reported something or `wakeTime` has come; when
/// `outcome` is set the descriptor is closed already.
final class VerifiedConnection {
    /// How many chunks one turn moves each way, so that no connection starves the others of its thread.
    private static let chunksPerTurn = 8
    private static let readSize = Scratch.capacity

    let descriptor: Int32
    let side: Side
    private(set) var plan: Plan?
    private(set) var outcome: Outcome?
    private(set) var lastProgress: UInt64
    /// True until the result of a client's connect is known.
    private(set) var isConnecting: Bool
    /// True once a client's connect has succeeded.
    private(set) var hasConnected = false
    /// Bytes of the header read by the server.
    private(set) var header: [UInt8] = []

    private var flow: Flow?
    private var seen = Outcome()
    private var peerEnded = false
    private var halfClosed = false
    private var pauseEnd: UInt64 = 0
    private var unsent = Int.max

    /// What is known once the plan is: constant parts and the rhythm.
    private struct Flow {
        let role: Role
        let outgoing: ByteStream
        let incoming: ByteStream
        /// Bytes that precede the outgoing stream and are not yet sent.
        var header: [UInt8]
        var rhythm: Rhythm

        init(_ plan: Plan, side: Side) {
            role = Role(plan, side: side)
            outgoing = plan.stream(from: side)
            incoming = plan.stream(from: side == .client ? .server : .client)
            header = side == .client && !plan.ending.isEmpty ? plan.header : []
            rhythm = Rhythm(plan, side: side)
        }
    }

    /// The client's side, connecting or connected.
    init(client descriptor: Int32, plan: Plan, now: UInt64) {
        self.descriptor = descriptor
        self.plan = plan
        side = .client
        lastProgress = now
        isConnecting = true
        flow = Flow(plan, side: .client)
    }

    /// The server's side, which reads its plan from the header.
    init(server descriptor: Int32, now: UInt64) {
        self.descriptor = descriptor
        side = .server
        lastProgress = now
        isConnecting = false
    }

    // MARK: What the engine waits for

    func events(now: UInt64) -> Int16 {
        if isConnecting { return PollSet.writable }
        guard let flow else { return PollSet.readable }
        var events: Int16 = 0
        if !peerEnded && pauseEnd <= now { events |= PollSet.readable }
        if seen.sendError == nil && sendable(flow) > 0 { events |= PollSet.writable }
        return events
    }

    /// The time at which `advance` has to be called without an event, or nil.
    func wakeTime(now: UInt64) -> UInt64? {
        if pauseEnd > now { return pauseEnd }
        return isDraining ? now + MonotonicTime.nanosecondsPerMillisecond : nil
    }

    // MARK: Progress

    func advance(readable: Bool, writable: Bool, scratch: Scratch, now: UInt64) {
        if isConnecting {
            guard writable else { return }
            isConnecting = false
            let code = Socket.takeError(descriptor)
            guard code == 0 else { return finish(.failed(code)) }
            hasConnected = true
            lastProgress = now
            if plan?.ending == .resetAtOnce { return finish(.ownReset) }
            if plan?.ending == .closeAtOnce { return finish(.clean) }
        }
        if flow == nil && readable { readHeader(scratch, now: now) }
        guard var flow, outcome == nil else { return }
        if readable && pauseEnd <= now { receive(&flow, scratch, now: now) }
        send(&flow, scratch, now: now)
        self.flow = flow
        settle(flow.role, now: now)
    }

    /// Gives up: resets and reports a stall.
    func abandon() {
        finish(.stalled)
    }

    private func readHeader(_ scratch: Scratch, now: UInt64) {
        switch scratch.receive(descriptor, limit: Plan.headerSize - header.count) {
        case .wouldBlock:
            return
        case .end:
            return finish(.clean)
        case .failed(let code):
            return finish(.failed(code))
        case .bytes(let count):
            header += scratch.received(count)
            lastProgress = now
            guard header.count == Plan.headerSize else { return }
            plan = Plan(header: header)
            guard let plan else { return finish(.stalled) }
            flow = Flow(plan, side: .server)
        }
    }

    private func receive(_ flow: inout Flow, _ scratch: Scratch, now: UInt64) {
        for _ in 0..<Self.chunksPerTurn where !peerEnded {
            switch scratch.receive(descriptor, limit: Self.readSize) {
            case .wouldBlock:
                return
            case .end:
                peerEnded = true
                // A send that failed took the socket's error with it: the end that follows is the reset's.
                if let code = seen.sendError { seen.end = .failed(code) }
            case .failed(let code):
                peerEnded = true
                seen.end = .failed(code)
            case .bytes(let count):
                check(count, flow, scratch)
                let pause = flow.rhythm.pause(received: seen.received)
                if pause > 0 {
                    pauseEnd = now + UInt64(pause) * MonotonicTime.nanosecondsPerMillisecond
                    return progressed(now)
                }
            }
            progressed(now)
        }
    }

    private func check(_ count: Int, _ flow: Flow, _ scratch: Scratch) {
        let known = max(0, min(count, flow.role.receiveTotal - seen.received))
        if seen.mismatch == nil {
            seen.mismatch = scratch.firstMismatch(flow.incoming, offset: seen.received, count: known)
        }
        if seen.mismatch == nil && known < count { seen.mismatch = flow.role.receiveTotal }
        seen.received += count
    }

    private func send(_ flow: inout Flow, _ scratch: Scratch, now: UInt64) {
        while !flow.header.isEmpty && seen.sendError == nil {
            let sent = unsafe flow.header.withUnsafeBytes { unsafe Socket.send(descriptor, $0) }
            guard let count = sentBytes(sent) else { return }
            flow.header.removeFirst(count)
            progressed(now)
        }
        for _ in 0..<Self.chunksPerTurn where seen.sendError == nil && sendable(flow) > 0 {
            let wanted = min(flow.rhythm.chunk(), sendable(flow))
            let sent = scratch.send(descriptor, flow.outgoing, offset: seen.sent, count: wanted)
            guard let count = sentBytes(sent) else { return }
            seen.sent += count
            progressed(now)
        }
    }

    /// The bytes that a send took; nil when the socket takes no more.
    private func sentBytes(_ transfer: Transfer) -> Int? {
        switch transfer {
        case .bytes(let count): return count
        case .failed(let code): seen.sendError = code
        case .wouldBlock, .end: break
        }
        return nil
    }

    private func progressed(_ now: UInt64) {
        lastProgress = now
    }

    /// Bytes, header included, that may be sent now.
    private func sendable(_ flow: Flow) -> Int {
        let held = peerEnded ? 0 : flow.role.held
        return flow.header.count + flow.role.sendTotal - held - seen.sent
    }

    // MARK: Ends

    private func settle(_ role: Role, now: UInt64) {
        if case .failed = seen.end, peerEnded { return finish(seen.end) }
        let complete = seen.sent == role.sendTotal && flow?.header.isEmpty == true
        switch role.finish {
        case .keepOpen:
            if peerEnded { finish(.clean) }
        case .halfClose:
            if peerEnded && (halfClosed || complete || seen.sendError != nil) { return finish(.clean) }
            if complete && !halfClosed {
                Socket.halfClose(descriptor)
                halfClosed = true
            }
        case .reset(let received, let afterPeerEnd, let drained):
            if peerEnded && (!afterPeerEnd || seen.received < received) { return finish(.clean) }
            guard complete, seen.received >= received, peerEnded == afterPeerEnd else { return }
            if drained {
                let left = Socket.unsent(descriptor)
                if left < unsent { progressed(now) }
                unsent = left
            }
            if !drained || unsent == 0 { finish(.ownReset) }
        }
    }

    /// True when only the send queue's emptying is waited for; nothing wakes poll(2) for that.
    var isDraining: Bool {
        guard let flow, case .reset(let received, let afterPeerEnd, true) = flow.role.finish else { return false }
        return seen.sent == flow.role.sendTotal && seen.received >= received && peerEnded == afterPeerEnd
    }

    private func finish(_ end: Outcome.End) {
        seen.end = end
        outcome = seen
        switch end {
        case .ownReset, .stalled: Socket.reset(descriptor)
        case .clean, .failed: Socket.close(descriptor)
        }
    }
}
