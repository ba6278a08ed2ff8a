import Foundation
import Traffic

/// 1,000 connections whose backends do not read and whose clients keep sending, on one worker: they cost nothing while
/// they are blocked, nobody beside them notices, and everything arrives when the backends read again.
struct BlockedConnections {
    private static let count = 1_000
    /// Of clients and backends: the kernel's memory for TCP is shared by the whole machine (tcp_mem, tcp(7)).
    private static let socketBuffer: Int32 = 64 << 10
    private static let quietSeconds = 2.0
    /// Rounds to 0.0 %.
    private static let greatestShare = 0.0005
    private static let greatestRatio = 1.2
    private static let greatestGrowth = 16 << 20
    private static let patience = 60.0

    let options: ProxyOptions
    let rounds: Int
    let findings: Findings

    func run() throws {
        let silent = RawServer(.ipv4("127.0.11.1", port: 0), receiveBuffer: Self.socketBuffer)
        defer { silent.stop() }
        let backend = try BackendProcess(on: .ipv4("127.0.11.2", port: 0))
        defer { backend.end() }
        let proxy = try Proxy(
            options,
            [
                "--forward", "127.0.12.1:0=\(silent.address)", "--forward", "127.0.12.2:0=\(backend.address)",
                "--workers", "1",
            ]
        )
        defer { proxy.end() }
        let addresses = try proxy.listeners(2)
        let isBound =
            try Affinity.bind(proxy.pid, to: 0) && Affinity.bind(backend.pid, to: 1)
            && Affinity.bind(getpid(), to: 1)
        Terminal.say(
            "blocked: "
                + (isBound ? "the proxy on CPU 0, load and backends on CPU 1" : "not bound to CPUs: figures vary")
        )
        let echo = try EchoProbe(addresses[1])
        _ = try echo.measure()
        let base = try proxy.figures()
        var free: [EchoProbe.Times] = []
        var blocked: [EchoProbe.Times] = []
        for round in 1...max(1, rounds) {
            // The same rest before both: neither is measured in the wake of the other's work.
            let idleShare = try measureQuiet(proxy)
            free.append(try echo.measure())
            let ends = try block(addresses[0], silent, seed: UInt64(round))
            let share = try measureQuiet(proxy)
            let growth = try proxy.figures().anonymous - base.anonymous
            let state = try proxy.state()
            blocked.append(try echo.measure())
            Terminal.say(
                "blocked: round \(round): echo \(free[round - 1].text) alone; \(blocked[round - 1].text) "
                    + "beside \(Self.count) blocked, which cost \(Terminal.number(share * 100)) % CPU "
                    + "(without: \(Terminal.number(idleShare * 100)) %) and \(Terminal.mebibytes(growth)) "
                    + "(\(state.total("pipes")) pipes, \(state.total("free_buffers")) buffers free)"
            )
            findings.expect("blocked: CPU while blocked", share * 100, atMost: Self.greatestShare * 100, unit: "%")
            findings.expect(
                "blocked: anonymous memory over base",
                Double(growth) / Double(1 << 20),
                atMost: Double(Self.greatestGrowth) / Double(1 << 20),
                unit: "MiB"
            )
            try release(ends)
            _ = try proxy.state(within: Self.patience) { $0["connections"] == 1 }
        }
        judge(free, blocked)
        echo.close()
        findings.expect("blocked: exit code", proxy.drain(), is: 0)
    }

    /// Over all rounds together: a single round has too much of the machine's own noise at p99.
    private func judge(_ free: [EchoProbe.Times], _ blocked: [EchoProbe.Times]) {
        let alone = EchoProbe.Times(free)
        let beside = EchoProbe.Times(blocked)
        let ratio = beside.p99 / alone.p99
        Terminal.say(
            "blocked: all \(free.count) rounds: echo \(alone.text) alone; \(beside.text) beside: ratio "
                + "\(Terminal.number(beside.p50 / alone.p50)) at p50, \(Terminal.number(ratio)) at p99"
        )
        findings.expect("blocked: p99 beside blocked connections", ratio, atMost: Self.greatestRatio, unit: "times")
    }

    private func block(
        _ address: TrafficAddress,
        _ silent: RawServer,
        seed: UInt64
    ) throws -> [(client: StreamPeer, upstream: StreamPeer)] {
        let ends = try (0..<Self.count).map { index -> (client: StreamPeer, upstream: StreamPeer) in
            let client = try LineClient(to: address, sendBuffer: Self.socketBuffer)
            return StreamPeer.pair(client, try silent.accept(), seed: seed << 32 | UInt64(index))
        }
        try StreamPeer.fill(ends.map(\.client))
        return ends
    }

    /// The share of one CPU that the proxy uses while nothing moves.
    private func measureQuiet(_ proxy: Proxy) throws -> Double {
        let cpuBefore = try ProcessFigures.processorTime(of: proxy.pid)
        let before = Clock.now
        usleep(UInt32(Self.quietSeconds * 1e6))
        return try (ProcessFigures.processorTime(of: proxy.pid) - cpuBefore) / (Clock.now - before)
    }

    /// The backends read again: every byte is checked.
    private func release(_ ends: [(client: StreamPeer, upstream: StreamPeer)]) throws {
        for (client, upstream) in ends {
            client.toSend = client.sent
            upstream.toReceive = client.sent
        }
        do {
            try StreamPeer.move(ends.map(\.upstream), within: Self.patience)
        } catch {
            findings.broken("blocked: not everything arrived afterwards: \(error)")
        }
        for (client, upstream) in ends {
            client.close()
            upstream.close()
        }
    }
}
