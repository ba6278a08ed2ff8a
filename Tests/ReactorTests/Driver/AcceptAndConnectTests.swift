import CURing
import Glibc
import Reactor
import Testing

/// Driver conformance: connections come and go.
@Suite struct AcceptAndConnectTests {
    @Test(arguments: DriverKind.all)
    func oneAcceptYieldsManyConnections(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let listener = try Loopback.listener()
        let token = bench.accept(on: listener)
        var peers: Set<SocketAddress> = []
        var clients: [Descriptor] = []
        for round in 1...3 {
            for _ in 0..<10 { clients.append(try Loopback.connected(to: Loopback.address(of: listener))) }
            for _ in 0..<10 {
                let completion = try bench.next(of: token)
                let accepted = try Descriptor(completion.result)
                #expect(completion.more)
                #expect(completion.buffer == nil)
                #expect(fcntl(accepted.number, F_GETFL) & O_NONBLOCK != 0)
                #expect(fcntl(accepted.number, F_GETFD) & FD_CLOEXEC != 0)
                peers.insert(try #require(Socket.peer(of: accepted.number)))
            }
            #expect(peers.count == 10 * round)
        }
        #expect(peers == Set(clients.compactMap { Socket.local(of: $0.number) }))
        bench.driver.cancel(token)
        #expect(try bench.final(of: token).result == -ECANCELED)
    }

    @Test(arguments: DriverKind.all)
    func connectionsThatWereQueuedBeforeTheAcceptAreTaken(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let listener = try Loopback.listener()
        let clients = try (0..<20).map { _ in try Loopback.connected(to: Loopback.address(of: listener)) }
        let token = bench.accept(on: listener)
        for _ in clients { _ = try Descriptor(bench.next(of: token).result) }
        #expect(bench.isInFlight(token))
    }

    @Test(arguments: DriverKind.all)
    func anAcceptOnWhatIsNoListenerFails(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let socket = try Loopback.bound()
        #expect(try bench.final(of: bench.accept(on: socket)).result == -EINVAL)
    }

    /// How a drain goes on a unix listener: the queue is still served, and a cancel ends the accept.
    @Test(arguments: DriverKind.all)
    func anAcceptOnAUnixListenerThatRefusesTakesTheQueueAndThenWaits(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let folder = try TemporaryFolder()
        let address = try #require(SocketAddress(unixPath: folder.file("listener")))
        let listener = try TestListener(on: address, workers: 1)
        let clients = try (0..<5).map { _ in try Loopback.connected(to: address) }
        listener.refuseNewConnections()
        let shared = try Descriptor(dup(listener.descriptors[0]))
        let token = bench.accept(on: shared)
        for client in clients {
            let accepted = try Descriptor(try bench.next(of: token).result)
            try client.send([1])
            #expect(try accepted.receive(1) == [1])
        }
        try bench.settle()
        try bench.end(token)
    }

    @Test(arguments: DriverKind.all, ["127.0.0.1", "::1"])
    func aConnectSucceeds(kind: DriverKind, host: String) throws {
        let bench = try DriverBench(kind)
        let listener = try Loopback.listener(on: #require(SocketAddress(numericHost: host, port: 0)))
        let address = try Loopback.address(of: listener)
        let socket = try Descriptor(Socket.stream(family: address.family))
        #expect(try bench.final(of: bench.connect(socket, to: address)).result == 0)
        #expect(Socket.peer(of: socket.number) == address)
    }

    @Test(arguments: DriverKind.all)
    func aConnectToAUnixSocketSucceeds(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let folder = try TemporaryFolder()
        let address = try #require(SocketAddress(unixPath: folder.file("listener")))
        let listener = try Loopback.listener(on: address)
        let socket = try Descriptor(Socket.stream(family: address.family))
        #expect(try bench.final(of: bench.connect(socket, to: address)).result == 0)
        let accepted = try Loopback.accepted(from: listener)
        try accepted.send([9])
        #expect(try socket.receive(1) == [9])
    }

    @Test(arguments: DriverKind.all)
    func aConnectIsRefused(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        // Bound, so that nobody takes the port, but not listening.
        let silent = try Loopback.bound()
        let address = try Loopback.address(of: silent)
        let socket = try Descriptor(Socket.stream(family: address.family))
        #expect(try bench.final(of: bench.connect(socket, to: address)).result == -ECONNREFUSED)

        let folder = try TemporaryFolder()
        let missing = try #require(SocketAddress(unixPath: folder.file("missing")))
        let unix = try Descriptor(Socket.stream(family: missing.family))
        #expect(try bench.final(of: bench.connect(unix, to: missing)).result == -ENOENT)
    }

    @Test(arguments: DriverKind.all)
    func aConnectThatNobodyAnswersIsCancelled(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let listener = try Loopback.listener()
        #expect(fanout_refuse_new_connections(listener.number) == 0)
        let socket = try Descriptor(Socket.stream(family: AddressFamily.ipv4))
        let token = bench.connect(socket, to: try Loopback.address(of: listener))
        try bench.settle()
        #expect(bench.isInFlight(token))
        bench.driver.cancel(token)
        #expect(try bench.final(of: token).result == -ECANCELED)
        try bench.settle()
    }

    /// The endpoint drops the first SYN, and takes or refuses the second, which comes a second later (RFC 6298, 2.1).
    @Test(arguments: DriverKind.all, [true, false])
    func aConnectThatTakesAWhile(kind: DriverKind, succeeds: Bool) throws {
        let bench = try DriverBench(kind)
        let listener = try Loopback.listener()
        let address = try Loopback.address(of: listener)
        #expect(fanout_refuse_new_connections(listener.number) == 0)
        let socket = try Descriptor(Socket.stream(family: AddressFamily.ipv4))
        let token = bench.connect(socket, to: address)
        try bench.settle()
        #expect(bench.isInFlight(token))
        if succeeds {
            var unused: Int32 = 0
            let length = socklen_t(MemoryLayout<Int32>.size)
            #expect(unsafe setsockopt(listener.number, SOL_SOCKET, SO_DETACH_FILTER, &unused, length) == 0)
        } else {
            listener.close()
        }
        #expect(try bench.outcome(of: token, socket) == (succeeds ? 0 : ECONNREFUSED))
        #expect((Socket.peer(of: socket.number) == address) == succeeds)
    }

    /// An attempt that is cancelled, one that fails at once, and a spare that has the number of the first.
    @Test(arguments: DriverKind.all)
    func aNumberThatCameBackIsAnotherSocket(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let silent = try Loopback.listener()
        #expect(fanout_refuse_new_connections(silent.number) == 0)
        let first = try Descriptor(Socket.stream(family: AddressFamily.ipv4))
        let second = try Descriptor(Socket.stream(family: AddressFamily.ipv4))
        let number = first.number
        let token = bench.connect(first, to: try Loopback.address(of: silent))
        try bench.end(token)
        first.close()

        bench.handOver(second, inPlaceOf: first)
        let refusing = try Loopback.bound()
        let failure = bench.connect(second, to: try Loopback.address(of: refusing))
        #expect(try bench.outcome(of: failure, second) == ECONNREFUSED)

        let listener = try Loopback.listener()
        let third = try Descriptor(Socket.stream(family: AddressFamily.ipv4))
        let spare = try Descriptor(dup2(third.number, number))
        third.close()
        let connect = bench.connect(spare, to: try Loopback.address(of: listener))
        #expect(try bench.outcome(of: connect, spare) == 0)
        bench.handOver(spare, inPlaceOf: first)
        let receive = bench.receive(from: spare)
        try Loopback.accepted(from: listener).send([1, 2, 3])
        let completion = try bench.final(of: receive)
        #expect(completion.result == 3)
        if let buffer = completion.buffer { bench.driver.release(buffer) }
    }

    /// As a spare connect that came first takes the place of the one that takes too long.
    @Test(arguments: DriverKind.all)
    func aConnectedSocketMayBecomeThatOfAnotherOwner(kind: DriverKind) throws {
        let bench = try DriverBench(kind)
        let listener = try Loopback.listener()
        for round in 0..<3 {
            let first = try Descriptor(Socket.stream(family: AddressFamily.ipv4))
            let second = try Descriptor(Socket.stream(family: AddressFamily.ipv4))
            for socket in [first, second] {
                #expect(try bench.final(of: bench.connect(socket, to: Loopback.address(of: listener))).result == 0)
            }
            let peers = try (0..<2).map { _ in try Loopback.accepted(from: listener) }
            bench.handOver(second, inPlaceOf: first)
            let token = bench.receive(from: second)
            let peer = try #require(peers.first { Socket.peer(of: $0.number) == Socket.local(of: second.number) })
            try peer.send(Array("round \(round)".utf8))
            let completion = try bench.final(of: token)
            #expect(completion.result == 7)
            if let buffer = completion.buffer { bench.driver.release(buffer) }
            let end = bench.receive(from: second)
            peer.close()
            #expect(try bench.final(of: end).result == 0)
        }
    }
}
