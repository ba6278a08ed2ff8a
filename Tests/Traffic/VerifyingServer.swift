import Glibc
import Synchronization

/// A server of the verification protocol: reads each connection's plan from its header, sends, checks, ends.
///
/// Its threads multiplex with poll(2) and share the listener. It keeps what it saw of each connection until the client
/// run that started it collects that, so client and server live in one process. Thread-safe.
public final class VerifyingServer: Sendable {
    /// What servers saw of connections that were not identified by a whole header.
    struct Strangers {
        var emptyEnds = 0
        var emptyResets = 0
        /// A part of a header, or something else than a header.
        var broken = 0
        /// Silence for the stall limit.
        var stalled = 0
    }

    struct Ledger {
        var outcomes: [UInt64: (role: Role, outcome: Outcome)] = [:]
        var strangers = Strangers()
    }

    private static let backlog: Int32 = 4096
    private static let acceptsPerTurn = 64
    private static let turnMilliseconds: Int32 = 500

    /// Where it listens, with the real port.
    public let address: TrafficAddress

    private let listener: Int32
    private let stallLimit: Double
    private let signal = StopSignal()
    private let accepted = Atomic<Int>(0)
    private let open = Atomic<Int>(0)
    private let ledger = Lock(Ledger())
    private let threads = Lock<[WorkerThread]>([])

    /// Listens and starts `threads` engine threads. A connection on which nothing moves for `stallLimit` seconds is
    /// reset and reported as stalled.
    public init(_ address: TrafficAddress = .loopback, threads count: Int = 2, stallLimit: Double = 30) {
        (listener, self.address) = Socket.listen(on: address, backlog: Self.backlog)
        self.stallLimit = stallLimit
        threads.withLock { threads in
            for _ in 0..<count { threads.append(WorkerThread { [self] in serve() }) }
        }
    }

    /// Connections accepted so far.
    public var acceptedCount: Int { accepted.load(ordering: .relaxed) }

    /// Connections open at the moment.
    public var openCount: Int { open.load(ordering: .acquiring) }

    /// Closes the listener, resets what is open and joins the threads. May be called again.
    public func stop() {
        guard signal.raise() else { return }
        let started = threads.withLock { threads in
            defer { threads.removeAll() }
            return threads
        }
        for thread in started { thread.join() }
        Socket.close(listener)
        Socket.removePath(of: address)
    }

    /// Takes what was seen of one identified connection; nil while it is open or was never seen.
    func takeOutcome(_ id: UInt64) -> (role: Role, outcome: Outcome)? {
        ledger.withLock { $0.outcomes.removeValue(forKey: id) }
    }

    /// Takes what was seen of unidentified connections since the last call.
    func takeStrangers() -> Strangers {
        ledger.withLock { ledger in
            defer { ledger.strangers = Strangers() }
            return ledger.strangers
        }
    }

    // MARK: An engine thread

    private func serve() {
        let scratch = Scratch()
        let stallNanoseconds = UInt64(stallLimit * 1e9)
        var connections: [VerifiedConnection] = []
        var set = PollSet()
        while !signal.isRaised {
            var now = MonotonicTime.now
            set.removeAll()
            set.add(signal.descriptor, PollSet.readable)
            set.add(listener, PollSet.readable)
            let wait = set.add(connections, now: now, longest: Self.turnMilliseconds)
            set.wait(milliseconds: wait)
            now = MonotonicTime.now
            set.advance(connections, from: 2, stallLimit: stallNanoseconds, scratch: scratch, now: now)
            connections.removeAll { connection in
                guard connection.outcome != nil else { return false }
                record(connection)
                return true
            }
            if set.isReadable(1) { accept(into: &connections, now: now) }
        }
        for connection in connections {
            connection.abandon()
            record(connection)
        }
    }

    private func accept(into connections: inout [VerifiedConnection], now: UInt64) {
        for _ in 0..<Self.acceptsPerTurn {
            guard let descriptor = Socket.accept(from: listener) else { return }
            accepted.add(1, ordering: .relaxed)
            open.add(1, ordering: .acquiringAndReleasing)
            connections.append(VerifiedConnection(server: descriptor, now: now))
        }
    }

    private func record(_ connection: VerifiedConnection) {
        guard let outcome = connection.outcome else { return }
        ledger.withLock { ledger in
            if let plan = connection.plan {
                ledger.outcomes[plan.id] = (Role(plan, side: .server), outcome)
                return
            }
            guard connection.header.isEmpty else {
                ledger.strangers.broken += 1
                return
            }
            switch outcome.end {
            case .clean: ledger.strangers.emptyEnds += 1
            case .failed: ledger.strangers.emptyResets += 1
            case .ownReset, .stalled: ledger.strangers.stalled += 1
            }
        }
        open.subtract(1, ordering: .acquiringAndReleasing)
    }
}

extension PollSet {
    /// Adds all connections and returns the milliseconds until the first of them has to be woken, at most `longest`.
    mutating func add(_ connections: [VerifiedConnection], now: UInt64, longest: Int32) -> Int32 {
        var wake = now + UInt64(longest) * MonotonicTime.nanosecondsPerMillisecond
        for connection in connections {
            add(connection.descriptor, connection.events(now: now))
            if let time = connection.wakeTime(now: now) { wake = min(wake, time) }
        }
        let millisecond = MonotonicTime.nanosecondsPerMillisecond
        return Int32((wake - now + millisecond - 1) / millisecond)
    }

    /// Advances the connections that were added from index `first` on, and abandons those that stalled.
    func advance(
        _ connections: [VerifiedConnection],
        from first: Int,
        stallLimit: UInt64,
        scratch: Scratch,
        now: UInt64
    ) {
        for (index, connection) in connections.enumerated() {
            let readable = isReadable(first + index)
            let writable = isWritable(first + index)
            if readable || writable || connection.isDraining {
                connection.advance(readable: readable, writable: writable, scratch: scratch, now: now)
            }
            if connection.outcome == nil && now > connection.lastProgress + stallLimit { connection.abandon() }
        }
    }
}
