import Glibc
import Reactor
import Testing

@Suite struct UnixListeningSocketTests {
    private let folder: TemporaryFolder
    private let path: String
    private let address: SocketAddress

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("listener")
        address = try #require(SocketAddress(unixPath: path))
    }

    @Test func allWorkersShareOneDescriptor() throws {
        let socket = try TestListener(on: address, workers: 3)
        #expect(socket.isUnix)
        #expect(socket.address == address)
        #expect(socket.descriptors.count == 3)
        #expect(Set(socket.descriptors).count == 1)
        let client = try Loopback.connected(to: address)
        let accepted = try socket.accepted()
        try client.send([7])
        #expect(try accepted.receive(1) == [7])
    }

    @Test func aFileThatADeadProcessHasLeftIsReplaced() throws {
        let dead = try TestListener(on: address, workers: 1)
        dead.close()
        #expect(TemporaryFolder.exists(path))
        let socket = try TestListener(on: address, workers: 1)
        let client = try Loopback.connected(to: address)
        #expect(try socket.accepted().number >= 0)
        #expect(client.number >= 0)
    }

    @Test func aLiveListenerIsNotReplaced() throws {
        let live = try TestListener(on: address, workers: 1)
        #expect(throws: SystemError("bind", errno: EADDRINUSE)) { try TestListener(on: address, workers: 1) }
        // What the probe left in the queue has ended; the next client is served.
        let client = try Loopback.connected(to: address)
        try client.send([1])
        var first: [UInt8] = []
        try waitUntil("the client's connection") {
            let accepted = try live.accepted()
            first = try accepted.receiveToEndOrFirst()
            return !first.isEmpty
        }
        #expect(first == [1])
    }

    @Test func aLiveListenerWithAFullQueueIsNotReplaced() throws {
        let live = try Loopback.bound(to: address)
        #expect(listen(live.number, 0) == 0)
        var clients: [Descriptor] = []
        var code: Int32 = 0
        while code == 0 && clients.count < 100 {
            let attempt = try Loopback.startConnecting(to: address)
            clients.append(attempt.socket)
            code = attempt.code
        }
        #expect(code == EAGAIN)
        #expect(throws: SystemError("bind", errno: EADDRINUSE)) { try TestListener(on: address, workers: 1) }
        #expect(TemporaryFolder.exists(path))
    }

    /// connect(2) to what is no socket says ECONNREFUSED, as to a dead one (unix(7)).
    @Test func aFileThatIsNoSocketIsNotDeleted() throws {
        let file = unsafe open(path, O_CREAT | O_WRONLY, 0o600)
        #expect(file >= 0)
        close(file)
        #expect(throws: SystemError("bind", errno: EADDRINUSE)) { try TestListener(on: address, workers: 1) }
        #expect(TemporaryFolder.exists(path), "an ordinary file was deleted")
    }

    @Test func aFolderThatIsMissingIsReported() throws {
        let nowhere = try #require(SocketAddress(unixPath: folder.file("missing/listener")))
        #expect(throws: SystemError("bind", errno: ENOENT)) { try TestListener(on: nowhere, workers: 1) }
    }

    @Test func theQueueSurvivesTheRefusalOfNewConnections() throws {
        let socket = try TestListener(on: address, workers: 2)
        let queued = try (0..<20).map { _ in try Loopback.connected(to: address) }
        for (index, client) in queued.enumerated() { try client.send([UInt8(index)]) }
        socket.refuseNewConnections()
        #expect(throws: SystemError.self) { try Loopback.connected(to: address) }
        let served = try (0..<20).map { _ in try socket.accepted() }
        #expect(try served.map { try $0.receive(1) } == (0..<20).map { [UInt8($0)] })
        #expect(Socket.accept(socket.descriptors[0]) < 0)
    }

    /// The next process may bind while this one drains.
    @Test func theFileIsLeftToASuccessorFromTheBeginningOfADrain() throws {
        let draining = try TestListener(on: address, workers: 1)
        let early = try Loopback.connected(to: address)
        draining.refuseNewConnections()
        #expect(!TemporaryFolder.exists(path))
        let successor = try TestListener(on: address, workers: 1)
        let late = try Loopback.connected(to: address)
        try early.send([1])
        try late.send([2])
        #expect(try draining.accepted().receive(1) == [1])
        #expect(try successor.accepted().receive(1) == [2])
        draining.close()
        #expect(TemporaryFolder.exists(path))
    }
}

extension Descriptor {
    /// The first bytes, or none where the stream ends without any.
    fileprivate func receiveToEndOrFirst() throws -> [UInt8] {
        try wait(Int32(POLLIN))
        return receiveAvailable()
    }
}
