import Glibc
import Reactor
import Testing

/// Driver conformance: the watch, which tells of whatever comes until it is cancelled, and what is received and sent
/// without an operation.
@Suite struct WatchTests {
    private static let readable = UInt32(POLLIN)

    /// What the next result tells, which is not the last.
    private static func bits(_ bench: DriverBench, _ token: Token) throws -> UInt32 {
        let completion = try bench.next(of: token)
        #expect(completion.more && completion.result > 0 && completion.buffer == nil)
        return UInt32(bitPattern: completion.result)
    }

    /// Each byte is told, with nothing asked for in between.
    @Test(arguments: DriverKind.all, [true, false])
    func dataIsToldAgainAndAgain(kind: DriverKind, isThereBefore: Bool) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        if isThereBefore {
            try pair.far.send([0])
            try waitUntil("the byte") { pair.near.unread(1) == 1 }
        }
        let token = bench.watch(pair.near)
        try bench.settle()
        if !isThereBefore {
            #expect(bench.bits(of: token) == 0)
            try pair.far.send([0])
        }
        for byte in 0..<20 as Range<UInt8> {
            let bits = try Self.bits(bench, token)
            #expect(bits & Self.readable != 0 && !PollEvents.hidesMore(Int32(bits)))
            #expect(pair.near.receiveAvailable() == [byte])
            bench.forget(token)
            try pair.far.send([byte + 1])
        }
        #expect(bench.isInFlight(token))
    }

    /// Nothing comes, so nothing is told, although something is left.
    @Test(arguments: DriverKind.all)
    func whatIsLeftBehindIsNotToldForEver(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.watch(pair.near)
        try pair.far.send([1, 2])
        #expect(try Self.bits(bench, token) & Self.readable != 0)
        for _ in 0..<3 { try bench.settle() }
        // Room that comes about may be told together with what is there, but is no new event of its own for ever.
        bench.forget(token)
        for _ in 0..<3 { try bench.settle() }
        #expect(bench.bits(of: token) == 0)
        #expect(pair.near.receiveAvailable() == [1, 2])
    }

    /// Also when it comes together with data: then the bits say that more is hidden behind that.
    @Test(arguments: DriverKind.all, [true, false])
    func anEndOfStreamIsTold(kind: DriverKind, withData: Bool) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.watch(pair.near)
        try bench.settle()
        if withData { try pair.far.send([1]) }
        pair.far.finish()
        var bits: UInt32 = 0
        while bits & PollEvents.endOfStream == 0 { bits |= try Self.bits(bench, token) }
        #expect(bits & PollEvents.hangup == 0)
        #expect(pair.near.receiveAvailable() == (withData ? [1] : []))
        #expect(bench.isInFlight(token))
    }

    @Test(arguments: DriverKind.all)
    func aResetIsToldAndNotTaken(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.watch(pair.near)
        try bench.settle()
        pair.far.reset()
        var bits: UInt32 = 0
        while bits & PollEvents.hangup == 0 { bits |= try Self.bits(bench, token) }
        let buffer = try bench.buffer(holding: [9])
        #expect(bench.driver.receive(from: pair.near.number, into: buffer) == -ECONNRESET)
    }

    /// Receives stop at an urgent byte; the bits say that this may be so.
    @Test(arguments: DriverKind.all)
    func urgentDataIsTold(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let buffer = try bench.buffer(holding: [9])
        let token = bench.watch(pair.near)
        try bench.settle()
        try pair.far.send([1])
        var urgent: UInt8 = 2
        #expect(unsafe Glibc.send(pair.far.number, &urgent, 1, Int32(MSG_OOB)) == 1)
        try pair.far.send([3])
        while !PollEvents.hidesMore(Int32(try Self.bits(bench, token))) {}
        try waitUntil("all bytes") { pair.near.unread(2) > 0 }
        var received: [UInt8] = []
        try waitUntil("what is behind the urgent byte") {
            if bench.driver.receive(from: pair.near.number, into: buffer) == 1 {
                received += try bench.bytes(in: buffer, 1)
            }
            return received.count == 2
        }
        #expect(received == [1, 3])
    }

    /// After it the socket is free for a receive.
    @Test(arguments: DriverKind.all)
    func aCancelledWatchEndsAndTakesNothing(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.watch(pair.near)
        try bench.settle()
        bench.driver.cancel(token)
        #expect(try bench.final(of: token).result == -ECANCELED)
        try pair.far.send([7])
        let received = try bench.final(of: bench.receive(from: pair.near))
        #expect(received.result == 1)
        #expect(try bench.bytes(in: #require(received.buffer), 1) == [7])
    }

    // MARK: Without an operation

    @Test(arguments: DriverKind.all)
    func whatIsThereIsReceivedIntoAnOwnedBuffer(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let buffer = try bench.buffer(holding: [1, 1, 1, 1])
        let free = bench.free
        #expect(bench.driver.receive(from: pair.near.number, into: buffer) == -EAGAIN)
        let bytes = (0..<UInt8.max).map { $0 }
        try pair.far.send(bytes)
        try waitUntil("all bytes") { pair.near.unread(bytes.count) == bytes.count }
        #expect(bench.driver.receive(from: pair.near.number, into: buffer) == Int32(bytes.count))
        #expect(try bench.bytes(in: buffer, bytes.count) == bytes)
        pair.far.finish()
        try waitUntil("the end") { bench.driver.receive(from: pair.near.number, into: buffer) == 0 }
        #expect(bench.free == free)
        bench.driver.release(buffer)
        #expect(bench.free == free + 1)
    }

    @Test(arguments: DriverKind.all)
    func whatFitsIsSent(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let buffer = try bench.buffer(holding: [5, 6, 7])
        #expect(bench.driver.send(to: pair.near.number, buffer: buffer, count: 2) == 2)
        #expect(try pair.far.receive(2) == [5, 6])
        _ = pair.near.fill()
        // An acknowledgement that comes late makes a little room once more.
        try waitUntil("a full queue") { bench.driver.send(to: pair.near.number, buffer: buffer, count: 3) == -EAGAIN }
        pair.far.reset()
        try waitUntil("the reset") {
            let result = bench.driver.send(to: pair.near.number, buffer: buffer, count: 3)
            return result == -ECONNRESET || result == -EPIPE
        }
    }

    /// A message as large as the buffer comes in one piece.
    @Test(arguments: DriverKind.all)
    func aBufferIsAsLargeAsItSays(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let buffer = try bench.buffer(holding: [1])
        let size = bench.driver.bufferSize
        try pair.far.send([UInt8](repeating: 3, count: size + 1))
        try waitUntil("all bytes") { pair.near.unread(size + 1) == size + 1 }
        #expect(bench.driver.receive(from: pair.near.number, into: buffer) == Int32(size))
        #expect(bench.driver.receive(from: pair.near.number, into: buffer) == 1)
    }
}
