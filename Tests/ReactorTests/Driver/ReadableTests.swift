import Glibc
import Reactor
import Testing

/// Driver conformance: the wait for data, which yields one result, at once if there is something now.
@Suite struct ReadableTests {
    private static func readable(_ completion: Completion) -> Bool {
        PollEvents.result(completion.result, has: UInt32(POLLIN) | PollEvents.hangup)
    }

    @Test(arguments: DriverKind.all)
    func dataThatComesLaterIsToldOnce(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.awaitReadable(pair.near)
        try bench.settle()
        #expect(bench.isInFlight(token))
        try pair.far.send([1])
        #expect(Self.readable(try bench.final(of: token)))
        #expect(bench.free == bench.count)
        // More data is not told to anybody: the bench fails on a result that nobody has asked for.
        try pair.far.send([2])
        try bench.settle()
        #expect(pair.near.unread(10) == 2)
    }

    /// The same data is told again as long as it is not read.
    @Test(arguments: DriverKind.all)
    func dataThatIsThereIsToldAtOnce(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        try pair.far.send([1])
        try waitUntil("the byte") { pair.near.unread(1) == 1 }
        for _ in 0..<3 { #expect(Self.readable(try bench.final(of: bench.awaitReadable(pair.near)))) }
        #expect(pair.near.receiveAvailable() == [1])
        let token = bench.awaitReadable(pair.near)
        try bench.settle()
        #expect(bench.isInFlight(token))
    }

    /// Also when the end has been there for long, and again and again.
    @Test(arguments: DriverKind.all)
    func theEndOfAStreamIsTold(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.awaitReadable(pair.near)
        try bench.settle()
        pair.far.finish()
        #expect(Self.readable(try bench.final(of: token)))
        for _ in 0..<3 { #expect(Self.readable(try bench.final(of: bench.awaitReadable(pair.near)))) }
        #expect(try bench.final(of: bench.receive(from: pair.near)).result == 0)
    }

    /// A wait neither takes the error of a reset nor hides it.
    @Test(arguments: DriverKind.all, [true, false])
    func aResetIsToldAndLeftToTheReceive(kind: DriverKind, isThereBefore: Bool) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        if isThereBefore {
            pair.far.reset()
            try waitUntil("the reset") { pair.near.isReady(Int32(POLLHUP), within: 0) }
        }
        let token = bench.awaitReadable(pair.near)
        try bench.settle()
        if !isThereBefore { pair.far.reset() }
        #expect(Self.readable(try bench.final(of: token)))
        #expect(try bench.final(of: bench.receive(from: pair.near)).result == -ECONNRESET)
    }

    @Test(arguments: DriverKind.all)
    func aCancelledWaitEndsAndTakesNothing(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.awaitReadable(pair.near)
        try bench.settle()
        bench.driver.cancel(token)
        #expect(try bench.final(of: token).result == -ECANCELED)
        try pair.far.send([7])
        #expect(Self.readable(try bench.final(of: bench.awaitReadable(pair.near))))
        #expect(pair.near.receiveAvailable() == [7])
    }
}
