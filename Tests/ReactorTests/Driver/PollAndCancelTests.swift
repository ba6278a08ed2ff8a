import CURing
import Glibc
import Reactor
import Testing

/// Driver conformance: polls, and the early end of operations.
@Suite struct PollAndCancelTests {
    @Test(arguments: DriverKind.all)
    func writableIsReportedWhenThereIsRoom(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let atOnce = bench.poll(pair.near, PollEvents.writable)
        #expect(try bench.events(of: atOnce, having: PollEvents.writable) & PollEvents.hangup == 0)

        let filling = pair.near.fill()
        let token = bench.poll(pair.near, PollEvents.writable)
        try bench.settle()
        #expect(bench.bits(of: token) == 0, "a full socket is called writable")
        #expect(try pair.far.receive(filling).count == filling)
        _ = try bench.events(of: token, having: PollEvents.writable)
    }

    /// Half-closed connections are watched for a reset as long as they last: their end of stream, told or not, must
    /// neither look like one nor end the poll.
    @Test(arguments: DriverKind.all, [true, false])
    func aHangupIsAResetAndNotTheEndOfAStream(kind: DriverKind, hasEndedBefore: Bool) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        if hasEndedBefore { try endStream(of: pair) }
        let token = bench.poll(pair.near, PollEvents.endOfStream)
        try bench.settle()
        if !hasEndedBefore { try endStream(of: pair) }
        try bench.settle()
        try #require(bench.isInFlight(token), "data or an end of stream has ended the poll")
        #expect(bench.bits(of: token) & PollEvents.hangup == 0)
        #expect(bench.bits(of: token) & PollEvents.endOfStream != 0)
        pair.far.reset()
        _ = try bench.events(of: token, having: PollEvents.hangup)
    }

    /// The gate of a scarce pool: the destination's own end of stream is no room to send.
    @Test(arguments: DriverKind.all, [true, false])
    func anEndOfStreamIsNotCalledWritable(kind: DriverKind, hasEndedBefore: Bool) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let filling = pair.near.fill()
        if hasEndedBefore { try endStream(of: pair) }
        let token = bench.poll(pair.near, PollEvents.writable)
        try bench.settle()
        if !hasEndedBefore { try endStream(of: pair) }
        try bench.settle()
        try #require(bench.isInFlight(token), "an end of stream has ended the poll")
        #expect(bench.bits(of: token) & (PollEvents.writable | PollEvents.hangup) == 0)
        #expect(try pair.far.receive(filling).count == filling)
        _ = try bench.events(of: token, having: PollEvents.writable)
    }

    @Test(arguments: DriverKind.all)
    func dataIsNoEndOfStream(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.poll(pair.near, PollEvents.endOfStream)
        for _ in 0..<3 {
            try pair.far.send([1])
            try bench.settle()
        }
        #expect(bench.bits(of: token) == 0)
        pair.far.finish()
        #expect(try bench.events(of: token, having: PollEvents.endOfStream) & PollEvents.hangup == 0)
    }

    private func endStream(of pair: (near: Descriptor, far: Descriptor)) throws {
        pair.far.finish()
        try waitUntil("the end of the stream") { pair.near.isReady(0x2000, within: 0) }
    }

    // MARK: Cancel

    @Test(arguments: DriverKind.all)
    func everyOperationInFlightEndsOnceWhenCancelled(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let listener = try Loopback.listener()
        let silent = try Loopback.listener()
        #expect(fanout_refuse_new_connections(silent.number) == 0)
        let idle = try Loopback.pair()
        let quietPeer = try Loopback.pair()
        let full = try Loopback.pair()
        _ = full.near.fill()
        let buffer = try bench.buffer(holding: [1, 2, 3])
        let connecting = try Descriptor(Socket.stream(family: AddressFamily.ipv4))

        let tokens = [
            bench.accept(on: listener),
            bench.connect(connecting, to: try Loopback.address(of: silent)),
            bench.receive(from: idle.near),
            bench.awaitReadable(quietPeer.near),
            bench.poll(idle.near, PollEvents.endOfStream),
            bench.send(to: full.near, buffer: buffer, count: 3),
            bench.poll(full.near, PollEvents.writable),
        ]
        try bench.settle()
        #expect(bench.operationsInFlight == tokens.count)
        for token in tokens { bench.driver.cancel(token) }
        for token in tokens { #expect(try bench.final(of: token).result == -ECANCELED, "\(token.operation)") }
        // Cancelled again: nobody is told anything any more.
        for token in tokens { bench.driver.cancel(token) }
        try bench.settle()
        #expect(bench.operationsInFlight == 0)
        #expect(bench.free == bench.count - 1)
        // The sockets are none the worse for it.
        try idle.far.send([5])
        #expect(try bench.final(of: bench.receive(from: idle.near)).result == 1)
    }

    @Test(arguments: DriverKind.all)
    func anOperationCancelledInTheTurnItWasAskedForEndsOnce(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.receive(from: pair.near)
        bench.driver.cancel(token)
        #expect(try bench.final(of: token).result == -ECANCELED)
        try bench.settle()
    }

    @Test(arguments: DriverKind.all)
    func aCancelThatComesTooLateChangesNothing(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        try pair.far.send([1, 2])
        try waitUntil("the bytes") { pair.near.unread(2) == 2 }
        let token = bench.receive(from: pair.near)
        try bench.settle()
        bench.driver.cancel(token)
        let own = try bench.final(of: token)
        // It had its data already, or the driver had not looked yet: never both, never half.
        if own.result == 2 {
            #expect(own.buffer != nil)
        } else {
            #expect(own.result == -ECANCELED)
            #expect(pair.near.unread(2) == 2)
        }
        try bench.settle()
    }

    /// Both go to the kernel together, and have the same token.
    @Test(arguments: DriverKind.all)
    func aCancelIsNotMeantForWhatIsAskedForAfterIt(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let first = bench.receive(from: pair.near)
        try pair.far.send([1])
        #expect(try bench.final(of: first).result == 1)
        bench.driver.cancel(first)
        let second = bench.receive(from: pair.near)
        #expect(second.rawValue == first.rawValue)
        try bench.settle()
        #expect(bench.isInFlight(second))
        try pair.far.send([2])
        let received = try bench.final(of: second)
        #expect(received.result == 1)
        #expect(try bench.bytes(in: #require(received.buffer), 1) == [2])
    }

    @Test(arguments: DriverKind.all)
    func aCancelEndsOnlyTheOperationItNames(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pairs = try (0..<5).map { _ in try Loopback.pair() }
        let tokens = pairs.map { bench.receive(from: $0.near) }
        bench.driver.cancel(tokens[2])
        bench.driver.cancel(Token(.receiveFromClient, slot: 999, generation: 1))
        #expect(try bench.final(of: tokens[2]).result == -ECANCELED)
        try bench.settle()
        #expect(bench.operationsInFlight == 4)
        for index in [0, 1, 3, 4] {
            try pairs[index].far.send([1])
            #expect(try bench.final(of: tokens[index]).result == 1)
        }
    }

    /// A socket is closed after its last result: then the peer sees the end at once.
    @Test(arguments: DriverKind.all)
    func aSocketIsFreeOnceItsOperationHasEnded(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.receive(from: pair.near)
        try bench.settle()
        bench.driver.cancel(token)
        _ = try bench.final(of: token)
        pair.near.close()
        #expect(try pair.far.receiveToEnd().end == .endOfStream)
    }
}
