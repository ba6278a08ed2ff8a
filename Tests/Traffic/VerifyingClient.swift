import Glibc
import Synchronization

/// The client side of the verification: many connections to one address, checked from both ends.
public enum VerifyingClient {
    /// One run. The same options replay the same plans; the interleaving is the machine's.
    public struct Options: Sendable {
        /// Connections in all.
        public var connections = 1_000
        /// Connections open at once, over all threads.
        public var concurrency = 64
        /// Engine threads of the client.
        public var threads = 2
        public var seed: UInt64 = 1
        /// Drawn with equal weight, so repeat one to make it likelier. `Ending.clean` where a unix socket is on the way.
        public var endings = Ending.all
        /// Sizes are 0 for a tenth, else 1 ... maximum bytes, mostly small with a heavy tail.
        public var maximumUpload = 1 << 20
        public var maximumDownload = 1 << 20
        /// The share of connections of which each side rests its reading up to three times for up to 20 ms.
        public var pauseShare = 0.06
        /// Seconds without any progress after which a connection counts as stalled.
        public var stallLimit = 30.0

        public init() {}
    }

    /// Runs all connections to `address`, which leads to the given servers directly or through a proxy, and blocks
    /// until both sides' views are in. A server serves one run at a time.
    public static func run(_ options: Options, to address: TrafficAddress, servers: [VerifyingServer]) -> Report {
        precondition(!options.endings.isEmpty, "a run needs endings to draw from")
        let begin = MonotonicTime.now
        for server in servers { _ = server.takeStrangers() }
        let run = UInt32.random(in: .min ... .max)
        let threads = max(1, min(options.threads, options.concurrency))
        let collected = Lock<[ClientShard]>([])
        let workers = (0..<threads).map { index in
            WorkerThread {
                let shard = ClientShard(options, address: address, run: run, index: index, of: threads)
                shard.run()
                collected.withLock { $0.append(shard) }
            }
        }
        for worker in workers { worker.join() }
        let views = collected.withLock { $0.flatMap(\.views) }
        var report = Verdict(options: options, run: run, servers: servers).report(on: views)
        report.connectRetries = collected.withLock { $0.reduce(0) { $0 + $1.retries } }
        report.seconds = Double(MonotonicTime.now - begin) / 1e9
        return report
    }
}

/// What the client saw of one connection.
struct ClientView {
    let plan: Plan
    let connected: Bool
    let outcome: Outcome
}

/// One engine thread of the client: every n-th connection of the run.
final class ClientShard: @unchecked Sendable {
    private static let turnMilliseconds: Int32 = 500
    /// Milliseconds of rest before a connect is tried again for want of local ports or listener queue.
    private static let retryMilliseconds: UInt64 = 5

    private let options: VerifyingClient.Options
    private let address: TrafficAddress
    private let run32: UInt32
    private let stride: Int
    private let concurrency: Int
    private let stallNanoseconds: UInt64

    private var nextIndex: Int
    private var connections: [VerifiedConnection] = []
    private var restUntil: UInt64 = 0
    private var firstRefusal: UInt64?
    private(set) var views: [ClientView] = []
    private(set) var retries = 0

    init(_ options: VerifyingClient.Options, address: TrafficAddress, run: UInt32, index: Int, of count: Int) {
        self.options = options
        self.address = address
        run32 = run
        stride = count
        nextIndex = index
        concurrency = max(1, (options.concurrency + count - 1 - index) / count)
        stallNanoseconds = UInt64(options.stallLimit * 1e9)
    }

    func run() {
        let scratch = Scratch()
        var set = PollSet()
        while true {
            var now = MonotonicTime.now
            startConnections(now: now)
            if connections.isEmpty && nextIndex >= options.connections { return }
            set.removeAll()
            let isResting = restUntil > now
            let longest = isResting ? Int32(Self.retryMilliseconds) : Self.turnMilliseconds
            set.wait(milliseconds: set.add(connections, now: now, longest: longest))
            now = MonotonicTime.now
            set.advance(connections, from: 0, stallLimit: stallNanoseconds, scratch: scratch, now: now)
            connections.removeAll { connection in
                guard let outcome = connection.outcome, let plan = connection.plan else { return false }
                views.append(ClientView(plan: plan, connected: connection.hasConnected, outcome: outcome))
                return true
            }
        }
    }

    private func startConnections(now: UInt64) {
        guard restUntil <= now else { return }
        while connections.count < concurrency && nextIndex < options.connections {
            let plan = Plan(index: nextIndex, run: run32, options: options)
            let descriptor = Socket.open(address.family)
            let code = Socket.connect(descriptor, to: address)
            if code == EADDRNOTAVAIL || code == EAGAIN, now < (firstRefusal ?? now) + stallNanoseconds {
                // No local port (TIME_WAIT) or a full unix listener queue: both pass.
                Socket.close(descriptor)
                retries += 1
                firstRefusal = firstRefusal ?? now
                restUntil = now + Self.retryMilliseconds * MonotonicTime.nanosecondsPerMillisecond
                return
            }
            firstRefusal = nil
            nextIndex += stride
            if code == 0 || code == EINPROGRESS {
                connections.append(VerifiedConnection(client: descriptor, plan: plan, now: now))
            } else {
                Socket.close(descriptor)
                var outcome = Outcome()
                outcome.end = .failed(code)
                views.append(ClientView(plan: plan, connected: false, outcome: outcome))
            }
        }
    }
}
