import Foundation
import Traffic

/// 1,000 connections of which one side does not read and the other keeps sending, on one worker: they cost nothing while
/// they are blocked, nobody beside them notices, and everything arrives when that side reads again.
struct BlockedConnections {
    /// Which way the bytes go that nobody takes.
    enum Way {
        /// The backends do not read.
        case up
        /// The clients do not read.
        case down

        /// The part of the run, as people call it.
        var name: String { self == .up ? "blocked" : "unread" }
    }

    private static let count = 1_000
    /// Of clients and backends. The kernel's memory for TCP is the whole machine's, so they take little, and segments as
    /// on an Ethernet keep the proxy's own send queues short: with those of the loopback interface all together took
    /// 1.7 GiB.
    private static let room = KernelRoom(sendBuffer: 16 << 10, receiveBuffer: 16 << 10, segment: 1_460)
    /// Every so many-th connection is sent to as fast as it goes, so that the proxy splices; the others in pieces.
    private static let bulkShare = 4
    private static let piece = 8 << 10
    /// So long nothing moves any more before all counts as full: a probe of a closed window may let some bytes through.
    private static let settledSeconds = 1.0
    private static let quietSeconds = 2.0
    /// Rounds to 0.0 %.
    private static let greatestShare = 0.0005
    private static let greatestRatio = 1.2
    private static let greatestGrowth = 16 << 20
    private static let patience = 60.0

    let way: Way
    let options: ProxyOptions
    let rounds: Int
    let findings: Findings

    init(_ way: Way, options: ProxyOptions, rounds: Int, findings: Findings) {
        self.way = way
        self.options = options
        self.rounds = max(1, rounds)
        self.findings = findings
    }

    private struct Pair {
        let client: StreamPeer
        let upstream: StreamPeer
    }

    func run() throws {
        let server = RawServer(.ipv4("127.0.11.1", port: 0), room: Self.room)
        defer { server.stop() }
        let backend = try BackendProcess(on: .ipv4("127.0.11.2", port: 0))
        defer { backend.end() }
        let proxy = try Proxy(
            options,
            [
                "--forward", "127.0.12.1:0=\(server.address)", "--forward", "127.0.12.2:0=\(backend.address)",
                "--workers", "1",
            ]
        )
        defer { proxy.end() }
        let addresses = try proxy.listeners(2)
        let isBound =
            try Affinity.bind(proxy.pid, to: 0) && Affinity.bind(backend.pid, to: 1)
            && Affinity.bind(getpid(), to: 1)
        Terminal.say(
            "\(way.name): "
                + (isBound ? "the proxy on CPU 0, load and backends on CPU 1" : "not bound to CPUs: figures vary")
        )
        let echo = try EchoProbe(addresses[1])
        _ = try echo.measure()
        let base = try proxy.figures()
        var free: [EchoProbe.Times] = []
        var blocked: [EchoProbe.Times] = []
        for round in 1...rounds {
            let before = SocketMemory.now()
            do {
                // The same rest before both: neither is measured in the wake of the other's work.
                let idleShare = try measureQuiet(proxy)
                free.append(try during("echo alone") { try echo.measure() })
                let pairs = try block(addresses[0], server, seed: UInt64(round))
                try checkMemory(since: before)
                let share = try measureQuiet(proxy)
                let growth = try proxy.figures().anonymous - base.anonymous
                let state = try proxy.state()
                blocked.append(try during("echo beside blocked connections") { try echo.measure() })
                Terminal.say(
                    "\(way.name): round \(round): echo \(free[round - 1].text) alone; \(blocked[round - 1].text) "
                        + "beside \(Self.count) blocked, which cost \(Terminal.number(share * 100)) % CPU "
                        + "(without: \(Terminal.number(idleShare * 100)) %) and \(Terminal.mebibytes(growth)) "
                        + "(\(state.total("pipes")) pipes, \(state.total("free_buffers")) buffers free; "
                        + "\(SocketMemory.now().text))"
                )
                judge(share, growth)
                try release(pairs)
                try checkMemory(since: before)
            } catch {
                let memory = SocketMemory.now()
                let excuse = memory.hasHeldBack(since: before) ? "; the kernel has held TCP back: \(memory.text)" : ""
                throw Trouble(work: "round \(round)\(excuse)", cause: error)
            }
            _ = try proxy.state(within: Self.patience) { $0["connections"] == 1 }
        }
        judge(free, blocked)
        echo.close()
        findings.expect("\(way.name): exit code", proxy.drain(), is: 0)
    }

    /// A machine whose TCP is held back measures the kernel and not the proxy.
    private func checkMemory(since before: SocketMemory) throws {
        let now = SocketMemory.now()
        guard now.hasHeldBack(since: before) else { return }
        throw Proxy.Failure(description: "the machine is short of memory for sockets, whoever has it: \(now.text)")
    }

    private func judge(_ share: Double, _ growth: Int) {
        findings.expect("\(way.name): CPU while blocked", share * 100, atMost: Self.greatestShare * 100, unit: "%")
        findings.expect(
            "\(way.name): anonymous memory over base",
            Double(growth) / Double(1 << 20),
            atMost: Double(Self.greatestGrowth) / Double(1 << 20),
            unit: "MiB"
        )
    }

    /// Over all rounds together: a single round has too much of the machine's own noise at p99.
    private func judge(_ free: [EchoProbe.Times], _ blocked: [EchoProbe.Times]) {
        let alone = EchoProbe.Times(free)
        let beside = EchoProbe.Times(blocked)
        let ratio = beside.p99 / alone.p99
        Terminal.say(
            "\(way.name): all \(free.count) rounds: echo \(alone.text) alone; \(beside.text) beside: ratio "
                + "\(Terminal.number(beside.p50 / alone.p50)) at p50, \(Terminal.number(ratio)) at p99"
        )
        findings.expect("\(way.name): p99 beside blocked connections", ratio, atMost: Self.greatestRatio, unit: "times")
    }

    private func block(_ address: TrafficAddress, _ server: RawServer, seed: UInt64) throws -> [Pair] {
        let pairs = try (0..<Self.count).map { index in
            try during("connection \(index)") {
                let client = try LineClient(to: address, room: Self.room)
                let ends = StreamPeer.pair(client, try server.accept(), seed: seed << 32 | UInt64(index))
                return Pair(client: ends.0, upstream: ends.1)
            }
        }
        try during("filling") { try fill(pairs.map { sender(of: $0) }) }
        return pairs
    }

    private func fill(_ senders: [StreamPeer]) throws {
        try StreamPeer.fill(senders.indices.filter { $0 % Self.bulkShare == 0 }.map { senders[$0] })
        let end = Clock.now + Self.patience
        while try StreamPeer.fill(senders, piece: Self.piece) > 0 {
            guard Clock.now < end else { throw LineClient.Failure.deadline }
            usleep(UInt32(Self.settledSeconds * 1e6))
        }
    }

    private func sender(of pair: Pair) -> StreamPeer { way == .up ? pair.client : pair.upstream }
    private func reader(of pair: Pair) -> StreamPeer { way == .up ? pair.upstream : pair.client }

    /// The share of one CPU that the proxy uses while nothing moves.
    private func measureQuiet(_ proxy: Proxy) throws -> Double {
        let cpuBefore = try ProcessFigures.processorTime(of: proxy.pid)
        let before = Clock.now
        usleep(UInt32(Self.quietSeconds * 1e6))
        return try (ProcessFigures.processorTime(of: proxy.pid) - cpuBefore) / (Clock.now - before)
    }

    /// Who did not read reads again: every byte is checked.
    private func release(_ pairs: [Pair]) throws {
        for pair in pairs {
            sender(of: pair).toSend = sender(of: pair).sent
            reader(of: pair).toReceive = sender(of: pair).sent
        }
        try during("reading everything afterwards") {
            try StreamPeer.move(pairs.map { reader(of: $0) }, within: Self.patience)
        }
        for pair in pairs {
            pair.client.close()
            pair.upstream.close()
        }
    }
}
