import Foundation
import Glibc
import Reactor
import Testing

/// Bytes go from socket to socket through a pipe, and no pipe stays open when none is in use.
@Suite(.serialized) struct PipePoolTests {
    private typealias KernelPipes = PipePool<KernelSockets>
    private static let pipeBytes = 64 << 10

    /// Pipes that this process has open.
    private static var openPipes: Int {
        let folder = "/proc/self/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let ends = names.compactMap { try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)") }
        return Set(ends.filter { $0.hasPrefix("pipe:") }).count
    }

    /// Two connections and the pipe between them: what the far source sends arrives at the far destination.
    private struct Path {
        let pool: KernelPipes
        let pipe: PipeIndex
        let source: (near: Descriptor, far: Descriptor)
        let destination: (near: Descriptor, far: Descriptor)

        init(_ pool: KernelPipes) throws {
            self.pool = pool
            source = try Loopback.pair()
            destination = try Loopback.pair()
            pipe = try #require(pool.take())
        }

        func fill() -> Int32 { pool.fill(pipe, from: source.near.number) }
        func drain() -> Int32 { pool.drain(pipe, into: destination.near.number) }

        /// Sends bytes and waits until they are there to be moved.
        func offer(_ bytes: [UInt8]) throws {
            try source.far.send(bytes)
            let near = source.near
            try waitUntil("the bytes") { near.unread(bytes.count) == bytes.count }
        }
    }

    private static func bytes(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: 11)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    @Test func bytesPassInOrderAndAreCounted() throws {
        let path = try Path(KernelPipes(capacity: 1, pipeBytes: Self.pipeBytes, sockets: KernelSockets()))
        let bytes = Self.bytes(10_000)
        try path.offer(bytes)
        #expect(path.fill() == 10_000)
        #expect(path.pool.bytes(in: path.pipe) == 10_000)
        #expect(path.drain() == 10_000)
        #expect(path.pool.bytes(in: path.pipe) == 0)
        #expect(try path.destination.far.receive(10_000) == bytes)
        path.pool.giveBack(path.pipe)
    }

    @Test func nothingToMoveIsAnInterruption() throws {
        let path = try Path(KernelPipes(capacity: 1, pipeBytes: Self.pipeBytes, sockets: KernelSockets()))
        #expect(path.fill() == -EAGAIN)
        #expect(path.pool.bytes(in: path.pipe) == 0)
    }

    /// A full pipe and a full destination both say EAGAIN; afterwards everything is still there, in order.
    @Test func whatDoesNotFitStaysWhereItIs() throws {
        let path = try Path(KernelPipes(capacity: 1, pipeBytes: Self.pipeBytes, sockets: KernelSockets()))
        // Of a fixed size: a full socket would grow otherwise (tcp(7), tcp_wmem), by more than a pipe at times.
        for end in [path.destination.near, path.destination.far] { end.setBufferSizes(64 << 10) }
        let before = path.destination.near.fill()
        let bytes = Self.bytes(400_000)
        try path.source.far.send(bytes)
        let near = path.source.near
        try waitUntil("more than fits") { near.unread(bytes.count) > Self.pipeBytes * 3 / 2 }
        var filled = 0
        var result = path.fill()
        while result > 0 {
            filled += Int(result)
            result = path.fill()
        }
        #expect(result == -EAGAIN)
        #expect(filled > 0 && filled < bytes.count)
        #expect(path.pool.bytes(in: path.pipe) == UInt32(filled))
        // What was on its way to the far end may have made some room by now, not for all of it.
        var drained = 0
        result = path.drain()
        while result > 0 && path.pool.bytes(in: path.pipe) > 0 {
            drained += Int(result)
            result = path.drain()
        }
        #expect(result == -EAGAIN)
        #expect(path.pool.bytes(in: path.pipe) == UInt32(filled - drained))

        #expect(try path.destination.far.receive(before).count == before)
        var received: [UInt8] = []
        while received.count < bytes.count {
            let held = path.pool.bytes(in: path.pipe)
            let moved = held > 0 ? path.drain() : 0
            #expect(path.pool.bytes(in: path.pipe) == held - UInt32(max(0, moved)))
            if path.pool.bytes(in: path.pipe) < UInt32(Self.pipeBytes) { _ = path.fill() }
            received += path.destination.far.receiveAvailable()
        }
        #expect(received == bytes)
    }

    @Test func anEndComesAfterTheBytes() throws {
        let path = try Path(KernelPipes(capacity: 1, pipeBytes: Self.pipeBytes, sockets: KernelSockets()))
        try path.offer([1, 2, 3])
        path.source.far.finish()
        let near = path.source.near
        try waitUntil("the end") { near.isReady(0x2000, within: 0) }
        #expect(path.fill() == 3)
        for _ in 0..<2 { #expect(path.fill() == 0) }
        #expect(path.drain() == 3)
        #expect(try path.destination.far.receive(3) == [1, 2, 3])
    }

    @Test func aResetComesAfterTheBytes() throws {
        let path = try Path(KernelPipes(capacity: 1, pipeBytes: Self.pipeBytes, sockets: KernelSockets()))
        try path.offer([1, 2, 3])
        path.source.far.reset()
        let near = path.source.near
        try waitUntil("the reset") { near.isReady(Int32(POLLHUP), within: 0) }
        #expect(path.fill() == 3)
        #expect(path.fill() == -ECONNRESET)
        #expect(path.drain() == 3)
        #expect(try path.destination.far.receive(3) == [1, 2, 3])
    }

    /// The test process ignores SIGPIPE here, as the proxy does: splice(2) has no MSG_NOSIGNAL.
    @Test func aDestinationThatHasGoneIsAnError() throws {
        let ignored = signal(SIGPIPE, SIG_IGN)
        defer { _ = signal(SIGPIPE, ignored) }
        let path = try Path(KernelPipes(capacity: 1, pipeBytes: Self.pipeBytes, sockets: KernelSockets()))
        try path.offer([1, 2, 3])
        #expect(path.fill() == 3)
        path.destination.far.reset()
        let near = path.destination.near
        try waitUntil("the reset") { near.isReady(Int32(POLLHUP), within: 0) }
        #expect(path.drain() == -ECONNRESET)
        #expect(path.drain() == -EPIPE)
        #expect(path.pool.bytes(in: path.pipe) == 3)
        path.pool.giveBack(path.pipe)
    }

    /// The next user of a pipe that was given back with bytes in it must not see them.
    @Test func bytesLeftInAPipeAreNotForTheNext() throws {
        let pool = try KernelPipes(capacity: 2, pipeBytes: Self.pipeBytes, sockets: KernelSockets())
        // Another one in use: so this one is not closed just because none is.
        let other = try #require(pool.take())
        let first = try Path(pool)
        try first.offer([1, 2, 3])
        #expect(first.fill() == 3)
        pool.giveBack(first.pipe)
        let second = try Path(pool)
        #expect(second.pipe == first.pipe)
        #expect(pool.bytes(in: second.pipe) == 0)
        try second.offer([4])
        #expect(second.fill() == 1)
        #expect(second.drain() == 1)
        #expect(try second.destination.far.receive(1) == [4])
        pool.giveBack(second.pipe)
        pool.giveBack(other)
    }

    @Test func moreThanTheCapacityAreNotToBeHad() throws {
        let pool = try KernelPipes(capacity: 3, pipeBytes: Self.pipeBytes, sockets: KernelSockets())
        let pipes = (0..<3).compactMap { _ in pool.take() }
        #expect(Set(pipes).count == 3)
        #expect(pool.take() == nil)
        #expect(pool.inUse == 3)
        pool.giveBack(pipes[1])
        #expect(pool.take() == pipes[1])
        #expect(pool.take() == nil)
        #expect(try KernelPipes(capacity: 0, pipeBytes: Self.pipeBytes, sockets: KernelSockets()).take() == nil)
    }

    /// Kept for the next as long as one is in use; with the last one all are closed, also when the pool goes.
    @Test func noPipeStaysOpenWhenNoneIsInUse() throws {
        let before = Self.openPipes
        do {
            let pool = try KernelPipes(capacity: 8, pipeBytes: Self.pipeBytes, sockets: KernelSockets())
            #expect(Self.openPipes == before)
            for _ in 0..<3 {
                let pipes = (0..<5).compactMap { _ in pool.take() }
                #expect(Self.openPipes == before + 5)
                for pipe in pipes.dropLast() { pool.giveBack(pipe) }
                #expect(pool.inUse == 1)
                let again = try #require(pool.take())
                #expect(Self.openPipes <= before + 5)
                pool.giveBack(again)
                pool.giveBack(pipes[4])
                #expect(pool.inUse == 0)
                #expect(Self.openPipes == before)
            }
            _ = pool.take()
            #expect(Self.openPipes == before + 1)
        }
        #expect(Self.openPipes == before)
    }

    @Test func aPipeGivenBackTwiceTraps() async {
        await #expect(processExitsWith: .failure) {
            let pool = try KernelPipes(capacity: 2, pipeBytes: 4_096, sockets: KernelSockets())
            guard let pipe = pool.take() else { exit(0) }
            pool.giveBack(pipe)
            pool.giveBack(pipe)
        }
    }
}
