import Glibc
import Reactor
import Testing

@Suite struct TCPListeningSocketTests {
    private static let wildcard = SocketAddress(ipv4: [0, 0, 0, 0], port: 0)
    private static let loopback6 = SocketAddress(ipv6: Array(repeating: 0, count: 15) + [1], port: 0)
    private static let wildcard6 = SocketAddress(ipv6: Array(repeating: 0, count: 16), port: 0)

    @Test func thePortThatTheKernelChoseIsKnown() throws {
        let socket = try TestListener(workers: 3)
        #expect(socket.address.port != 0)
        #expect(socket.address.with(port: 0) == Loopback.any)
        #expect(!socket.isUnix)
        #expect(Set(socket.descriptors).count == 3)
        for descriptor in socket.descriptors { #expect(Socket.local(of: descriptor) == socket.address) }
    }

    @Test func everyWorkerGetsConnections() throws {
        let socket = try TestListener(workers: 4)
        var clients: [Descriptor] = []
        var counts = [0, 0, 0, 0]
        // The kernel spreads by a hash of the ports: until each has some, within what is possible at all.
        while counts.contains(0) && clients.count < 2_000 {
            clients.append(try Loopback.connected(to: socket.address))
            for (worker, descriptor) in socket.descriptors.enumerated() {
                let client = Socket.accept(descriptor)
                guard client >= 0 else { continue }
                counts[worker] += 1
                clients.append(try Descriptor(client))
            }
        }
        #expect(!counts.contains(0), "\(counts)")
    }

    @Test func descriptorsDoNotBlockAndAreNotInherited() throws {
        let socket = try TestListener(workers: 2)
        for descriptor in socket.descriptors {
            #expect(Socket.accept(descriptor) == -EAGAIN)
            #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
        }
        let client = try Loopback.connected(to: socket.address)
        let accepted = try socket.accepted()
        #expect(fcntl(accepted.number, F_GETFD) & FD_CLOEXEC != 0)
        #expect(fcntl(accepted.number, F_GETFL) & O_NONBLOCK != 0)
        #expect(Socket.peer(of: accepted.number) == Socket.local(of: client.number))
    }

    @Test func acceptedConnectionsSendAtOnce() throws {
        let socket = try TestListener(workers: 2)
        let client = try Loopback.connected(to: socket.address)
        let accepted = try socket.accepted()
        #expect(client.number >= 0)
        #expect(option(accepted, Int32(IPPROTO_TCP), TCP_NODELAY) != 0)
        #expect(option(accepted, SOL_SOCKET, SO_KEEPALIVE) == 0)
    }

    @Test func keepaliveAsAskedFor() throws {
        let socket = try TestListener(workers: 1)
        let client = try Loopback.connected(to: socket.address)
        let accepted = try socket.accepted()
        #expect(client.number >= 0)
        Socket.keepAlive(accepted.number, seconds: 40)
        let tcp = Int32(IPPROTO_TCP)
        #expect(option(accepted, SOL_SOCKET, SO_KEEPALIVE) != 0)
        #expect(option(accepted, tcp, TCP_KEEPIDLE) == 40)
        #expect(option(accepted, tcp, TCP_KEEPINTVL) == 10)
        #expect(option(accepted, tcp, TCP_KEEPCNT) == 4)
    }

    // MARK: A taken address

    @Test(arguments: [[], [SO_REUSEADDR], [SO_REUSEPORT], [SO_REUSEADDR, SO_REUSEPORT]])
    func anAddressThatSomebodyListensOnIsRefused(options: [Int32]) throws {
        let other = try Loopback.listener(options: options)
        let taken = try Loopback.address(of: other)
        #expect(throws: SystemError.self) { try TestListener(on: taken, workers: 2) }
        #expect(throws: SystemError.self) { try TestListener(on: Self.wildcard.with(port: taken.port), workers: 2) }
        let refusal = #expect(throws: SystemError.self) { try TestListener(on: taken, workers: 1) }
        #expect(refusal?.errno == EADDRINUSE)
        // The owner is unharmed.
        let client = try Loopback.connected(to: taken)
        let accepted = try Loopback.accepted(from: other)
        #expect(Socket.peer(of: accepted.number) == Socket.local(of: client.number))
    }

    @Test func anAddressOfOursIsRefusedToOthers() throws {
        let socket = try TestListener(workers: 2)
        #expect(throws: SystemError.self) { try TestListener(on: socket.address, workers: 2) }
        for options in [[], [SO_REUSEADDR]] {
            #expect(throws: SystemError.self) { try Loopback.listener(on: socket.address, options: options) }
        }
    }

    @Test func aRefusedSocketLeavesNothingBehind() throws {
        let other = try Loopback.listener()
        let taken = try Loopback.address(of: other)
        #expect(throws: SystemError.self) { try TestListener(on: taken, workers: 4) }
        other.close()
        let socket = try TestListener(on: taken, workers: 4)
        #expect(socket.address == taken)
    }

    @Test func anAddressIsFreeAgainWhileItsConnectionsLingerOn() throws {
        let first = try TestListener(workers: 2)
        let client = try Loopback.connected(to: first.address)
        let accepted = try first.accepted()
        first.close()
        // The closing side keeps the address in TIME_WAIT.
        accepted.close()
        #expect(try client.receiveToEnd().end == .endOfStream)
        client.close()
        let second = try TestListener(on: first.address, workers: 2)
        #expect(second.address == first.address)
    }

    // MARK: IPv6

    @Test func theDualStackWildcardTakesBothFamilies() throws {
        let socket = try TestListener(on: Self.wildcard6, workers: 1, dualStack: true)
        let port = socket.address.port
        for (near, seen) in [(Loopback.any, "[::ffff:127.0.0.1]"), (Self.loopback6, "[::1]")] {
            let client = try Loopback.connected(to: near.with(port: port))
            let accepted = try socket.accepted()
            let peer = try #require(Socket.peer(of: accepted.number))
            #expect(peer.description == "\(seen):\(try Loopback.address(of: client).port)")
        }
        #expect(throws: SystemError.self) { try TestListener(on: Self.wildcard.with(port: port), workers: 1) }
    }

    @Test func withoutDualStackIPv4IsLeftToOthers() throws {
        var pair: (ipv6: TestListener, ipv4: TestListener)?
        // Somebody else may have the port on IPv4 just now.
        for _ in 0..<50 where pair == nil {
            let socket = try TestListener(on: Self.wildcard6, workers: 1, dualStack: false)
            let same = Loopback.any.with(port: socket.address.port)
            if let neighbour = try? TestListener(on: same, workers: 1) { pair = (socket, neighbour) }
        }
        let (ipv6, ipv4) = try #require(pair)
        let client = try Loopback.connected(to: ipv4.address)
        let accepted = try ipv4.accepted()
        #expect(Socket.peer(of: accepted.number) == Socket.local(of: client.number))
        for descriptor in ipv6.descriptors { #expect(Socket.accept(descriptor) == -EAGAIN) }
    }

    // MARK: Drain

    @Test func theQueueSurvivesTheRefusalOfNewConnections() throws {
        let socket = try TestListener(workers: 2)
        let queued = try (0..<40).map { _ in try Loopback.connected(to: socket.address) }
        socket.refuseNewConnections()
        let (late, code) = try Loopback.startConnecting(to: socket.address)
        #expect(code == EINPROGRESS)

        let accepted = try (0..<40).map { _ in try socket.accepted() }
        let served = Set(accepted.compactMap { Socket.peer(of: $0.number) })
        #expect(served == Set(queued.compactMap { Socket.local(of: $0.number) }))
        // What was accepted works in both directions, in spite of the filter that it has inherited.
        for client in queued { try client.send([1, 2, 3]) }
        for server in accepted { server.finish() }
        for client in queued {
            #expect(try client.receiveToEnd().end == .endOfStream)
            client.finish()
        }
        for server in accepted {
            let seen = try server.receiveToEnd()
            #expect(seen.bytes == [1, 2, 3])
            #expect(seen.end == .endOfStream)
        }
        for descriptor in socket.descriptors { #expect(Socket.accept(descriptor) == -EAGAIN) }
        #expect(!late.isReady(Int32(POLLOUT), within: 0))
    }

    private func option(_ socket: Descriptor, _ level: Int32, _ name: Int32) -> Int32 {
        var value: Int32 = -1
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(socket.number, level, name, &value, &length)
        return value
    }
}
