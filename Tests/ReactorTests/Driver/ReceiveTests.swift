import Glibc
import Reactor
import Testing

/// Driver conformance: bytes come in, through the pool of buffers.
@Suite struct ReceiveTests {
    @Test(arguments: DriverKind.all)
    func aBufferIsTakenOnlyWhenThereIsData(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let all = bench.count
        #expect(bench.free == all)
        let token = bench.receive(from: pair.near)
        try bench.settle()
        #expect(bench.isInFlight(token))
        #expect(bench.free == all)

        try pair.far.send([1, 2, 3, 4, 5])
        let received = try bench.final(of: token)
        #expect(received.result == 5)
        let buffer = try #require(received.buffer)
        #expect(bench.free == all - 1)
        #expect(try bench.bytes(in: buffer, 5) == [1, 2, 3, 4, 5])
        bench.driver.release(buffer)
        #expect(bench.free == all)
    }

    /// The reserve has buffers when the common ones are gone, and gives them back to itself.
    @Test(arguments: DriverKind.all)
    func theReserveIsAPoolOfItsOwn(kind: DriverKind) throws {
        let bench = try DriverBench(kind, DriverSize(buffers: 2))
        let pairs = try (0..<3).map { _ in try Loopback.pair() }
        for (index, pair) in pairs.enumerated() { try pair.far.send([UInt8(index)]) }
        for pair in pairs.prefix(2) { #expect(try bench.final(of: bench.receive(from: pair.near)).result == 1) }
        #expect(bench.free == 0)
        #expect(try bench.final(of: bench.receive(from: pairs[2].near)).result == -ENOBUFS)
        let before = bench.driver.freeBuffers(in: .reserve)
        let last = try bench.final(of: bench.receive(from: pairs[2].near, into: .reserve))
        #expect(last.result == 1)
        let buffer = try #require(last.buffer)
        #expect(try bench.bytes(in: buffer, 1) == [2])
        #expect(bench.driver.freeBuffers(in: .reserve) == before - 1)
        bench.driver.release(buffer)
        #expect(bench.driver.freeBuffers(in: .reserve) == before)
        #expect(bench.free == 0)
    }

    @Test(arguments: DriverKind.all)
    func theEndOfAStreamIsZeroAndTakesNoBuffer(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.receive(from: pair.near)
        pair.far.finish()
        let end = try bench.final(of: token)
        #expect(end.result == 0)
        #expect(end.buffer == nil)
        #expect(bench.free == bench.count)
        // It stays so, and the other direction is open.
        #expect(try bench.final(of: bench.receive(from: pair.near)).result == 0)
        try pair.near.send([6])
        #expect(try pair.far.receive(1) == [6])
    }

    @Test(arguments: DriverKind.all)
    func theEndComesAfterTheBytes(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        try pair.far.send([1, 2])
        pair.far.close()
        let data = try bench.final(of: bench.receive(from: pair.near))
        #expect(data.result == 2)
        #expect(try bench.final(of: bench.receive(from: pair.near)).result == 0)
    }

    @Test(arguments: DriverKind.all)
    func aResetIsAnErrorAndTakesNoBuffer(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        let token = bench.receive(from: pair.near)
        try bench.settle()
        pair.far.reset()
        let end = try bench.final(of: token)
        #expect(end.result == -ECONNRESET)
        #expect(end.buffer == nil)
        #expect(bench.free == bench.count)
    }

    @Test(arguments: DriverKind.all)
    func aResetComesAfterTheBytesThatPreceded(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.pair()
        try pair.far.send([1, 2, 3])
        try waitUntil("the bytes") { pair.near.unread(3) == 3 }
        pair.far.reset()
        let data = try bench.final(of: bench.receive(from: pair.near))
        #expect(data.result == 3)
        #expect(try bench.bytes(in: #require(data.buffer), 3) == [1, 2, 3])
        #expect(try bench.final(of: bench.receive(from: pair.near)).result == -ECONNRESET)
    }

    @Test(arguments: DriverKind.all)
    func withoutABufferTheDataStaysWhereItIs(kind: DriverKind) throws {
        let bench = try DriverBench(kind, DriverSize(buffers: 4))
        var held: [BufferIndex] = []
        for value in 0..<UInt8(4) { held.append(try bench.buffer(holding: [value])) }
        #expect(Set(held).count == 4)
        #expect(bench.free == 0)

        let pair = try Loopback.pair()
        let token = bench.receive(from: pair.near)
        try pair.far.send([42])
        let starved = try bench.final(of: token)
        #expect(starved.result == -ENOBUFS)
        #expect(starved.buffer == nil)
        #expect(bench.free == 0)
        #expect(pair.near.unread(10) == 1)

        // What is held is not touched by others.
        for (value, buffer) in held.enumerated() { #expect(try bench.bytes(in: buffer, 1) == [UInt8(value)]) }
        bench.driver.release(held[2])
        let received = try bench.final(of: bench.receive(from: pair.near))
        #expect(received.result == 1)
        #expect(received.buffer == held[2])
        #expect(try bench.bytes(in: held[2], 1) == [42])
    }

    /// An end needs no buffer, but a driver may want one to find out: then it says so and the caller asks again.
    @Test(arguments: DriverKind.all)
    func withoutABufferAnEndIsNotLost(kind: DriverKind) throws {
        let bench = try DriverBench(kind, DriverSize(buffers: 2))
        let held = [try bench.buffer(holding: [1]), try bench.buffer(holding: [2])]
        let pair = try Loopback.pair()
        let token = bench.receive(from: pair.near)
        pair.far.finish()
        var end = try bench.final(of: token)
        #expect(end.result == 0 || end.result == -ENOBUFS)
        for buffer in held { bench.driver.release(buffer) }
        end = try bench.final(of: bench.receive(from: pair.near))
        #expect(end.result == 0)
        #expect(bench.free == 2)
    }

    @Test(arguments: DriverKind.all)
    func buffersComeBackForEver(kind: DriverKind) throws {
        // More rounds than a 16-bit ring index counts would take too long; a pool of 4 wraps a thousand times.
        let bench = try DriverBench(kind, DriverSize(buffers: 4, bufferSize: 64))
        let pair = try Loopback.pair()
        for round in 0..<4_000 {
            let bytes = [UInt8(truncatingIfNeeded: round), UInt8(truncatingIfNeeded: round >> 8)]
            try pair.far.send(bytes)
            let received = try bench.final(of: bench.receive(from: pair.near))
            let buffer = try #require(received.buffer, "round \(round): \(received.result)")
            try bench.sendAll(to: pair.near, buffer: buffer, count: Int(received.result))
            bench.driver.release(buffer)
            #expect(try pair.far.receive(2) == bytes)
        }
        #expect(bench.free == 4)
    }

    /// A receive ends early behind bytes that came with descriptors (unix(7)); what follows them must not wait for more.
    @Test(arguments: DriverKind.all)
    func descriptorsThatComeWithBytesHideNothing(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let pair = try Loopback.unixPair()
        // Registered and found empty, so that one event tells of both messages.
        let first = bench.receive(from: pair.near)
        try bench.settle()
        try pair.far.send([1], with: pair.far)
        try pair.far.send([2, 3])
        for (token, expected) in [(first, [1]), (nil, [2, 3])] as [(Token?, [UInt8])] {
            let received = try bench.final(of: token ?? bench.receive(from: pair.near))
            let buffer = try #require(received.buffer)
            #expect(try bench.bytes(in: buffer, expected.count) == expected)
            bench.driver.release(buffer)
        }
    }
}
