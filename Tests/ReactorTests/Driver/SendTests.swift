import Glibc
import Reactor
import Testing

/// Driver conformance: bytes go out.
@Suite struct SendTests {
    private static let content = (0..<16 * 1024).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }

    @Test(arguments: DriverKind.all)
    func aPartOfABufferIsSent(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let buffer = try bench.buffer(holding: Array(0..<50))
        let pair = try Loopback.pair()
        let sent = try bench.final(of: bench.send(to: pair.near, buffer: buffer, offset: 10, count: 20))
        #expect(sent.result == 20)
        #expect(sent.buffer == nil)
        #expect(try pair.far.receive(20) == Array(10..<30))
        // The buffer stays its holder's.
        #expect(bench.free == bench.count - 1)
    }

    @Test(arguments: DriverKind.all)
    func aSlowReaderGetsEveryByte(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let buffer = try bench.buffer(holding: Self.content)
        let pair = try smallPair()
        let filling = pair.near.fill()
        let token = bench.send(to: pair.near, buffer: buffer, count: Self.content.count)
        try bench.settle()
        #expect(bench.isInFlight(token), "a send into a full socket has ended")

        // Reading takes place in small steps, in between turns of the driver.
        var seen: [UInt8] = []
        var sent = 0
        var pending = token
        let end = Patience.end
        while seen.count < filling + Self.content.count {
            try #require(Deadline.now() < end, "\(seen.count) bytes of \(filling + Self.content.count)")
            seen += pair.far.receiveAvailable()
            bench.turn(until: Deadline.now().advanced(by: 1_000_000))
            guard sent < Self.content.count, !bench.isInFlight(pending) else { continue }
            sent += Int(try bench.final(of: pending).result)
            if sent < Self.content.count {
                let rest = Self.content.count - sent
                pending = bench.send(to: pair.near, buffer: buffer, offset: UInt32(sent), count: rest)
            }
        }
        #expect(Array(seen[filling...]) == Self.content)
        if sent < Self.content.count { sent += Int(try bench.final(of: pending).result) }
        #expect(sent == Self.content.count)
    }

    /// The bytes that a cancelled send has put into the socket are told: none is lost or sent twice.
    @Test(arguments: DriverKind.all)
    func aCancelledSendTellsWhatItHasSent(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let buffer = try bench.buffer(holding: Self.content)
        let pair = try smallPair()
        var before = pair.near.fill()
        // A little room, so that a part of the buffer fits.
        try waitUntil("room to send") {
            before -= pair.far.receiveAvailable().count
            return pair.near.isReady(Int32(POLLOUT), within: 0)
        }
        let token = bench.send(to: pair.near, buffer: buffer, count: Self.content.count)
        try bench.settle()
        bench.driver.cancel(token)
        let result = try bench.final(of: token).result
        #expect(result > 0 || result == -ECANCELED)
        try bench.settle()
        pair.near.finish()
        let seen = try pair.far.receiveToEnd()
        #expect(seen.end == .endOfStream)
        #expect(Array(seen.bytes.dropFirst(before)) == Array(Self.content.prefix(max(0, Int(result)))))
    }

    @Test(arguments: DriverKind.all)
    func aSendToAPeerThatHasGoneFailsWithoutASignal(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let buffer = try bench.buffer(holding: [1, 2, 3])
        let pair = try Loopback.pair()
        pair.far.reset()
        try waitUntil("the reset") { pair.near.isReady(Int32(POLLHUP), within: 0) }
        let first = try bench.final(of: bench.send(to: pair.near, buffer: buffer, count: 3)).result
        #expect(first == -ECONNRESET || first == -EPIPE)
        #expect(try bench.final(of: bench.send(to: pair.near, buffer: buffer, count: 3)).result == -EPIPE)
    }

    /// Both directions of one socket at once.
    @Test(arguments: DriverKind.all)
    func aReceiveDoesNotWaitForASend(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let buffer = try bench.buffer(holding: Self.content)
        let pair = try smallPair()
        _ = pair.near.fill()
        let send = bench.send(to: pair.near, buffer: buffer, count: Self.content.count)
        let receive = bench.receive(from: pair.near)
        try pair.far.send([8])
        #expect(try bench.final(of: receive).result == 1)
        #expect(bench.isInFlight(send))
        pair.far.reset()
        #expect(try bench.final(of: send).result < 0)
    }

    /// A connection that holds little in the kernel.
    private func smallPair() throws -> (near: Descriptor, far: Descriptor) {
        let pair = try Loopback.pair()
        pair.near.setBufferSizes(4_096)
        pair.far.setBufferSizes(4_096)
        return pair
    }
}
