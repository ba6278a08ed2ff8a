import Glibc
import Reactor
import Testing

/// Driver conformance: more than fits, and everything at once.
@Suite struct PressureTests {
    private static let tiny = DriverSize(submissions: 4, completions: 8, buffers: 4, bufferSize: 4_096)

    @Test(arguments: DriverKind.all)
    func moreOperationsThanTheQueuesHoldAllComplete(kind: DriverKind) throws {
        let bench = try DriverBench(kind, Self.tiny)
        let pairs = try (0..<100).map { _ in try Loopback.pair() }
        let polls = pairs.map { bench.poll($0.near, PollEvents.writable) }
        let receives = pairs.map { bench.receive(from: $0.near) }
        for token in polls { _ = try bench.events(of: token, having: PollEvents.writable) }
        for pair in pairs { pair.far.finish() }
        for token in receives { #expect(try bench.final(of: token).result == 0) }
        try bench.settle()
        #expect(bench.operationsInFlight == 0)
        #expect(bench.free == 4)
    }

    @Test(arguments: DriverKind.all)
    func moreCancelsThanTheQueuesHoldAllComplete(kind: DriverKind) throws {
        let bench = try DriverBench(kind, Self.tiny)
        let pairs = try (0..<100).map { _ in try Loopback.pair() }
        let tokens = pairs.map { bench.receive(from: $0.near) }
        try bench.settle()
        for token in tokens { bench.driver.cancel(token) }
        for token in tokens { #expect(try bench.final(of: token).result == -ECANCELED) }
        try bench.settle()
        #expect(bench.operationsInFlight == 0)
    }

    /// An accept may end early when results do not fit; asked for again, it loses nobody.
    @Test(arguments: DriverKind.all)
    func moreConnectionsThanTheQueuesHoldAreAllAccepted(kind: DriverKind) throws {
        let bench = try DriverBench(kind, Self.tiny)
        let listener = try Loopback.listener()
        let clients = try (0..<200).map { _ in try Loopback.connected(to: Loopback.address(of: listener)) }
        var token = bench.accept(on: listener)
        var peers: Set<SocketAddress> = []
        while peers.count < clients.count {
            let completion = try bench.next(of: token)
            let accepted = try Descriptor(completion.result)
            peers.insert(try #require(Socket.peer(of: accepted.number)))
            if !completion.more { token = bench.accept(on: listener) }
        }
        #expect(peers == Set(clients.compactMap { Socket.local(of: $0.number) }))
    }

    @Test(arguments: DriverKind.all)
    func starvedReceiversAllGetTheirBytesInTheEnd(kind: DriverKind) throws {
        let bench = try DriverBench(kind, Self.tiny)
        let pairs = try (0..<50).map { _ in try Loopback.pair() }
        var waiting = pairs.map { (pair: $0, token: bench.receive(from: $0.near)) }
        for pair in pairs { try pair.far.send([3]) }
        var received = 0
        var starved = 0
        while !waiting.isEmpty {
            let (pair, token) = waiting.removeFirst()
            let completion = try bench.final(of: token)
            if completion.result == -ENOBUFS {
                starved += 1
                waiting.append((pair, bench.receive(from: pair.near)))
            } else {
                #expect(completion.result == 1)
                received += 1
                bench.driver.release(try #require(completion.buffer))
            }
        }
        #expect(received == 50)
        #expect(starved > 0, "the pool was never empty")
        #expect(bench.free == 4)
    }

    /// A driver may hold buffers back as long as few are wanted: memory that was never touched costs nothing.
    @Test(arguments: DriverKind.all)
    func inTheEndEveryBufferCanBeHeldAtOnce(kind: DriverKind) throws {
        let size = DriverSize(submissions: 64, completions: 1_024, buffers: 256, bufferSize: 4_096)
        let bench = try DriverBench(kind, size)
        let pairs = try (0..<size.buffers).map { _ in try Loopback.pair() }
        for pair in pairs { try pair.far.send([7]) }
        var waiting = pairs.map { (pair: $0, token: bench.receive(from: $0.near)) }
        var held: [BufferIndex] = []
        var failed = 0
        while !waiting.isEmpty && failed < size.buffers * 8 {
            let (pair, token) = waiting.removeFirst()
            let completion = try bench.final(of: token)
            if completion.result == 1 {
                held.append(try #require(completion.buffer))
            } else {
                #expect(completion.result == -ENOBUFS)
                failed += 1
                waiting.append((pair, bench.receive(from: pair.near)))
            }
        }
        #expect(Set(held).count == size.buffers)
        #expect(bench.free == 0)
        for buffer in held { bench.driver.release(buffer) }
        #expect(bench.free == size.buffers)
    }

    /// Receives, polls, data, ends, resets and cancels in random order: the bench sees that each operation has one
    /// final result; here, that each result is possible and that no buffer is lost.
    @Test(arguments: DriverKind.all, 1...6 as ClosedRange<UInt64>)
    func everyOperationEndsOnceWhateverHappens(kind: DriverKind, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let small = DriverSize(submissions: 8, completions: 16, buffers: 8, bufferSize: 512)
        let bench = try DriverBench(kind, small)
        var lanes = try (0..<20).map { _ in try Lane() }
        for _ in 0..<1_500 {
            let index = Int.random(in: 0..<lanes.count, using: &random)
            try lanes[index].act(&random, bench)
            if Int.random(in: 0..<4, using: &random) == 0 { bench.turn(until: Deadline(nanoseconds: 0)) }
            if lanes[index].isOver {
                try lanes[index].end(bench)
                lanes[index] = try Lane()
            }
        }
        for index in lanes.indices { try lanes[index].end(bench) }
        try bench.settle()
        #expect(bench.operationsInFlight == 0, "seed \(seed)")
        #expect(bench.free == bench.count, "seed \(seed)")
    }

    /// One connection, with at most one receive and one poll in flight.
    private struct Lane {
        private let pair: (near: Descriptor, far: Descriptor)
        private var receive: Token?
        /// The receive is a wait for data.
        private var isWait = false
        private var poll: Token?
        private(set) var isOver = false

        init() throws { pair = try Loopback.pair() }

        mutating func act(_ random: inout SeededGenerator, _ bench: DriverBench) throws {
            try takeResults(bench)
            switch Int.random(in: 0..<12, using: &random) {
            case 0..<3: if receive == nil { receive = bench.receive(from: pair.near) }
            case 3: if receive == nil { (receive, isWait) = (bench.awaitReadable(pair.near), true) }
            case 4: if poll == nil { poll = bench.poll(pair.near, PollEvents.endOfStream) }
            case 5: if let receive { bench.driver.cancel(receive) }
            case 6: if let poll { bench.driver.cancel(poll) }
            case 7..<10: try pair.far.send([UInt8](repeating: 1, count: Int.random(in: 1...700, using: &random)))
            case 10: pair.far.reset()
            case _: pair.far.close()
            }
            isOver = pair.far.number < 0
        }

        private mutating func takeResults(_ bench: DriverBench) throws {
            if let token = receive {
                for completion in bench.takeResults(of: token) { check(completion, bench) }
                if !bench.isInFlight(token) { (receive, isWait) = (nil, false) }
            }
            if let token = poll, !bench.isInFlight(token) {
                bench.forget(token)
                poll = nil
            }
        }

        private func check(_ completion: Completion, _ bench: DriverBench) {
            #expect((completion.result > 0 && !isWait) == (completion.buffer != nil))
            #expect(completion.result >= 0 || [-ENOBUFS, -ECANCELED, -ECONNRESET].contains(completion.result))
            if let buffer = completion.buffer { bench.driver.release(buffer) }
        }

        /// Cancels what is left, waits for it, and closes.
        mutating func end(_ bench: DriverBench) throws {
            if let poll { try bench.end(poll) }
            if let receive {
                bench.driver.cancel(receive)
                var completion: Completion
                repeat {
                    completion = try bench.next(of: receive)
                    check(completion, bench)
                } while completion.more
            }
            pair.near.close()
        }
    }
}
