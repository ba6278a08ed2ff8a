import Glibc
import Reactor
import Testing

/// One driver, the operations that were asked of it, and their results in the order of their coming.
///
/// Holds every driver to its contract while a test runs: a result only inside `deliver`, only for an operation that
/// is in flight, and never after the final one.
@safe final class DriverBench: CompletionHandler {
    let driver: any Driver
    let wakeup: Wakeup
    private var results: [UInt64: [Completion]] = [:]
    private var inFlight: Set<UInt64> = []
    private var isDelivering = false
    /// The slot of each socket, by its identity.
    private var slots: [UInt32: UInt32] = [:]
    private var lastSlot: UInt32 = 0
    /// Slots of sockets that the driver connects: their operations are an upstream's.
    private var upstreams: Set<UInt32> = []

    init(_ kind: DriverKind, _ size: DriverSize = .usual) throws {
        wakeup = try Wakeup()
        driver = try kind.make(wakeup, size)
        count = size.buffers
    }

    // MARK: Operations

    private func slot(of socket: Descriptor) -> UInt32 {
        if let slot = slots[socket.identity] { return slot }
        lastSlot += 1
        slots[socket.identity] = lastSlot
        return lastSlot
    }

    /// From now on the upstream `socket` belongs to the owner of `other`, in its place.
    func handOver(_ socket: Descriptor, inPlaceOf other: Descriptor) {
        slots[socket.identity] = slot(of: other)
    }

    /// - Parameter form: the operation on a client, and on an upstream.
    private func begin(_ form: (client: Operation, upstream: Operation), _ socket: Descriptor) -> Token {
        let slot = slot(of: socket)
        let operation = upstreams.contains(slot) ? form.upstream : form.client
        let token = Token(operation, slot: slot, generation: slot)
        #expect(!inFlight.contains(token.rawValue), "an operation was started twice")
        inFlight.insert(token.rawValue)
        return token
    }

    func accept(on listener: Descriptor) -> Token {
        let token = begin((.accept, .accept), listener)
        driver.accept(on: listener.number, token: token)
        return token
    }

    func connect(_ socket: Descriptor, to address: SocketAddress) -> Token {
        upstreams.insert(slot(of: socket))
        let token = begin((.connect, .connect), socket)
        let isConnected = unsafe withUnsafePointer(to: address) {
            unsafe driver.connect(socket.number, to: $0, token: token)
        }
        if isConnected {
            inFlight.remove(token.rawValue)
            results[token.rawValue] = [Completion(token: token, result: 0)]
        }
        return token
    }

    /// What became of a connect: 0 or an `errno`.
    func outcome(of connect: Token, _ socket: Descriptor) throws -> Int32 {
        let result = try final(of: connect).result
        return result > 0 ? Socket.takeError(socket.number) : -result
    }

    /// Free buffers of the common pool, and how many it has.
    var free: Int { driver.freeBuffers(in: .common) }
    let count: Int

    func receive(from socket: Descriptor, into pool: BufferPool = .common) -> Token {
        let token = begin((.receiveFromClient, .receiveFromUpstream), socket)
        driver.receive(from: socket.number, into: pool, token: token)
        return token
    }

    func awaitReadable(_ socket: Descriptor) -> Token {
        let token = begin((.receiveFromClient, .receiveFromUpstream), socket)
        driver.awaitReadable(socket.number, token: token)
        return token
    }

    func watch(_ socket: Descriptor) -> Token {
        let token = begin((.receiveFromClient, .receiveFromUpstream), socket)
        driver.watch(socket.number, token: token)
        return token
    }

    func send(to socket: Descriptor, buffer: BufferIndex, offset: UInt32 = 0, count: Int) -> Token {
        let token = begin((.sendToClient, .sendToUpstream), socket)
        driver.send(to: socket.number, buffer: buffer, offset: offset, count: UInt32(count), token: token)
        return token
    }

    func poll(_ socket: Descriptor, _ events: UInt32) -> Token {
        let isForRoom = events & PollEvents.writable != 0
        let token = begin(
            isForRoom ? (.clientWritable, .upstreamWritable) : (.clientHangup, .upstreamHangup),
            socket
        )
        driver.poll(socket.number, events: events, token: token)
        return token
    }

    // MARK: Results

    func complete(_ completion: Completion) {
        #expect(isDelivering, "a result outside of deliver")
        #expect(inFlight.contains(completion.token.rawValue), "a result after the final one")
        if !completion.more { inFlight.remove(completion.token.rawValue) }
        results[completion.token.rawValue, default: []].append(completion)
    }

    /// Waits once, at most until the deadline, and takes what is there.
    func turn(until deadline: Deadline) {
        driver.wait(until: deadline)
        isDelivering = true
        driver.deliver(to: self)
        isDelivering = false
    }

    /// The next result of an operation that nobody has asked for yet.
    func next(of token: Token) throws -> Completion {
        let end = Patience.end
        while results[token.rawValue, default: []].isEmpty {
            guard Deadline.now() < end else { throw TimedOut(condition: "a result of \(token)") }
            turn(until: end)
        }
        return results[token.rawValue, default: []].removeFirst()
    }

    /// The results of an operation that are there and that nobody has asked for yet.
    func takeResults(of token: Token) -> [Completion] { results.removeValue(forKey: token.rawValue) ?? [] }

    /// Like ``next(of:)``, and it must be the final one.
    func final(of token: Token) throws -> Completion {
        let completion = try next(of: token)
        #expect(!completion.more)
        #expect(!inFlight.contains(token.rawValue))
        return completion
    }

    /// The bits of a poll's first result that has one of these; the poll is ended then.
    func events(of token: Token, having wanted: UInt32) throws -> UInt32 {
        var completion: Completion
        repeat {
            completion = try next(of: token)
            guard completion.result > 0 else { throw SystemError("poll", errno: -completion.result) }
        } while !PollEvents.result(completion.result, has: wanted)
        try end(token)
        return UInt32(bitPattern: completion.result)
    }

    /// Cancels an operation and waits until it is over, whatever its results are.
    func end(_ token: Token) throws {
        if isInFlight(token) { driver.cancel(token) }
        let end = Patience.end
        while isInFlight(token) {
            guard Deadline.now() < end else { throw TimedOut(condition: "the end of \(token)") }
            turn(until: end)
        }
        forget(token)
    }

    /// Nobody wants the results that are left.
    func forget(_ token: Token) { results[token.rawValue] = nil }

    /// The bits of all results that nobody has asked for yet.
    func bits(of token: Token) -> UInt32 {
        results[token.rawValue, default: []].reduce(0) { $1.result > 0 ? $0 | UInt32(bitPattern: $1.result) : $0 }
    }

    func isInFlight(_ token: Token) -> Bool { inFlight.contains(token.rawValue) }

    var operationsInFlight: Int { inFlight.count }

    /// Turns until everything that is due has been delivered: two operations that come after it are through.
    func settle() throws {
        let pair = try Loopback.pair()
        for _ in 0..<2 { _ = try events(of: poll(pair.near, PollEvents.writable), having: PollEvents.writable) }
    }

    /// A buffer of the pool that holds these bytes.
    func buffer(holding bytes: [UInt8]) throws -> BufferIndex {
        let pair = try Loopback.pair()
        try pair.far.send(bytes)
        try waitUntil("all bytes at the near end") { pair.near.unread(bytes.count) == bytes.count }
        let received = try final(of: receive(from: pair.near))
        #expect(received.result == Int32(bytes.count))
        return try #require(received.buffer)
    }

    /// What a buffer holds, as a peer sees it that is sent the first `count` bytes.
    func bytes(in buffer: BufferIndex, _ count: Int) throws -> [UInt8] {
        let pair = try Loopback.pair()
        try sendAll(to: pair.near, buffer: buffer, count: count)
        return try pair.far.receive(count)
    }

    /// Sends on after partial results.
    func sendAll(to socket: Descriptor, buffer: BufferIndex, count: Int) throws {
        var offset = 0
        while offset < count {
            let sent = try final(of: send(to: socket, buffer: buffer, offset: UInt32(offset), count: count - offset))
            guard sent.result > 0 else { throw SystemError("send", errno: -sent.result) }
            offset += Int(sent.result)
        }
    }
}
