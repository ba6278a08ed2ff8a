import Glibc
import Synchronization

/// A server that sends back what it receives and, at the end of stream, closes. Thread-safe.
public final class EchoServer: Sendable {
    private static let backlog: Int32 = 4096
    /// Kill requests come by a counter: short turns see them soon.
    private static let turnMilliseconds: Int32 = 5

    /// Where it listens, with the real port.
    public let address: TrafficAddress

    private let greeting: [UInt8]
    private let diesWithResets: Bool
    private let listener: Int32
    private let stopping = StopSignal()
    private let isRetired = Atomic<Bool>(false)
    private let killRequests = Atomic<Int>(0)
    private let kills = Atomic<Int>(0)
    private let accepted = Atomic<Int>(0)
    private let open = Atomic<Int>(0)
    private let thread = Lock<WorkerThread?>(nil)

    /// Listens and starts its thread. Each connection first gets `greeting`, by which a test knows who answered.
    ///
    /// With `diesWithResets` the kernel resets what is open when the process is killed. Without, it ends those streams
    /// in order wherever nothing was left to read: nobody could tell that from an answer's end.
    public init(_ address: TrafficAddress = .loopback, greeting: [UInt8] = [], diesWithResets: Bool = false) {
        (listener, self.address) = Socket.listen(on: address, backlog: Self.backlog)
        self.greeting = greeting
        self.diesWithResets = diesWithResets
        // Accepted sockets inherit it, so that there is no moment without.
        if diesWithResets { Socket.setLinger(listener, on: true) }
        thread.withLock { $0 = WorkerThread { [self] in serve() } }
    }

    /// Connections accepted so far.
    public var acceptedCount: Int { accepted.load(ordering: .relaxed) }

    /// Connections open at the moment.
    public var openCount: Int { open.load(ordering: .acquiring) }

    /// Resets every connection that is open; returns when it is done. The listener goes on.
    public func killAll() {
        let wanted = killRequests.add(1, ordering: .acquiringAndReleasing).newValue
        while kills.load(ordering: .acquiring) < wanted && !stopping.isRaised { usleep(1_000) }
    }

    /// Takes no more connections (a connect is refused from now on) and goes on with those that are open: as a server
    /// that is being replaced. Returns at once; may be called again.
    public func retire() {
        if !isRetired.exchange(true, ordering: .acquiringAndReleasing) { shutdown(listener, Int32(SHUT_RDWR)) }
    }

    /// Closes the listener, resets what is open and joins the thread. May be called again.
    public func stop() {
        guard stopping.raise() else { return }
        let started = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        started?.join()
        Socket.close(listener)
        Socket.removePath(of: address)
    }

    private func serve() {
        let scratch = Scratch()
        var connections: [EchoConnection] = []
        var set = PollSet()
        while !stopping.isRaised {
            set.removeAll()
            set.add(stopping.descriptor, PollSet.readable)
            // One that was shut down would be ready for ever.
            let accepts = !isRetired.load(ordering: .acquiring)
            set.add(listener, accepts ? PollSet.readable : 0)
            for connection in connections { set.add(connection.descriptor, connection.events) }
            set.wait(milliseconds: Self.turnMilliseconds)
            let killTarget = killRequests.load(ordering: .acquiring)
            if killTarget != kills.load(ordering: .relaxed) {
                reset(&connections)
                kills.store(killTarget, ordering: .releasing)
                continue
            }
            for (index, connection) in connections.enumerated() {
                connection.advance(readable: set.isReadable(index + 2), scratch)
            }
            let before = connections.count
            connections.removeAll(where: \.isClosed)
            open.subtract(before - connections.count, ordering: .acquiringAndReleasing)
            if accepts && set.isReadable(1) { accept(into: &connections) }
        }
        reset(&connections)
    }

    private func accept(into connections: inout [EchoConnection]) {
        while let descriptor = Socket.accept(from: listener) {
            accepted.add(1, ordering: .relaxed)
            open.add(1, ordering: .acquiringAndReleasing)
            connections.append(EchoConnection(descriptor, pending: greeting, diesWithReset: diesWithResets))
        }
    }

    private func reset(_ connections: inout [EchoConnection]) {
        for connection in connections { Socket.reset(connection.descriptor) }
        open.subtract(connections.count, ordering: .acquiringAndReleasing)
        connections.removeAll()
    }
}

/// One echoed connection: reads only when everything read before is sent. Belongs to the server's thread.
private final class EchoConnection {
    let descriptor: Int32
    private(set) var isClosed = false
    private var pending: [UInt8]
    private let diesWithReset: Bool
    private var peerEnded = false

    init(_ descriptor: Int32, pending: [UInt8], diesWithReset: Bool) {
        self.descriptor = descriptor
        self.pending = pending
        self.diesWithReset = diesWithReset
    }

    var events: Int16 { pending.isEmpty ? PollSet.readable : PollSet.writable }

    func advance(readable: Bool, _ scratch: Scratch) {
        if pending.isEmpty && readable {
            switch scratch.receive(descriptor, limit: Scratch.capacity) {
            case .bytes(let count): pending = scratch.received(count)
            case .wouldBlock: return
            case .end: peerEnded = true
            case .failed: return close()
            }
        }
        if !pending.isEmpty {
            switch unsafe pending.withUnsafeBytes({ unsafe Socket.send(descriptor, $0) }) {
            case .bytes(let count): pending.removeFirst(count)
            case .wouldBlock, .end: return
            case .failed: return close()
            }
        }
        if peerEnded && pending.isEmpty { close() }
    }

    private func close() {
        if diesWithReset { Socket.setLinger(descriptor, on: false) }
        Socket.close(descriptor)
        isClosed = true
    }
}
