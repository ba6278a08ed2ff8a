import ArgumentParser
import Foundation
import Traffic

/// One of three endpoints drops every SYN: what clients see of that, beside three that answer.
struct Blackhole: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "One of three endpoints drops every SYN: no error, and connects at most twice as slow at p99."
    )

    private static let mostRatio = 2.0

    @OptionGroup var proxy: ProxyOptions

    @Option(help: "Connections of each round, half of them by each of two clients.")
    var count = 4_000

    @Option(help: "Rounds with and without, in turn; the median ratio counts.")
    var rounds = 5

    func run() throws {
        let findings = Findings()
        var ratios: [Double] = []
        for round in 0..<rounds {
            let healthy = try measure(isBlackholed: false, findings)
            let blackholed = try measure(isBlackholed: true, findings)
            ratios.append(blackholed / healthy)
            Terminal.say(
                "round \(round + 1): p99 from connect to answer \(Self.milliseconds(healthy)), with a blackhole "
                    + "\(Self.milliseconds(blackholed)): ratio \(Terminal.number(blackholed / healthy))"
            )
        }
        let median = ratios.sorted()[ratios.count / 2]
        findings.expect("median ratio of p99", median, atMost: Self.mostRatio, unit: "times")
        try findings.conclude()
    }

    private static func milliseconds(_ seconds: Double) -> String { "\(Terminal.number(seconds * 1_000)) ms" }

    /// p99 in seconds.
    private func measure(isBlackholed: Bool, _ findings: Findings) throws -> Double {
        let servers = (0..<(isBlackholed ? 2 : 3)).map { _ in EchoServer() }
        let silent = isBlackholed ? SilentListener() : nil
        defer {
            for server in servers { server.stop() }
            silent?.stop()
        }
        let addresses = servers.map(\.address) + [silent?.address].compactMap { $0 }
        let proxy = try Proxy(
            proxy,
            ["--listen-address", "127.0.0.1:0", "--access-log", "off", "--connect-timeout", "10s"]
                + ["--connect-budget", "20s"] + addresses.flatMap { ["--endpoint", $0.description] }
        )
        defer { proxy.end() }
        let address = try proxy.listeners()[0]
        let asked = Askers(address, count: count / 2, clients: 2)
        let times = asked.wait()
        for failure in asked.failures { findings.broken("a client: \(failure)") }
        return times.sorted()[times.count * 99 / 100]
    }
}

/// Clients that connect, ask, read the answer and leave, and note how long that took. Thread-safe.
private final class Askers: @unchecked Sendable {
    private let lock = NSLock()
    private let crew = Crew()
    private var times: [Double] = []
    private(set) var failures: [String] = []

    init(_ address: TrafficAddress, count: Int, clients: Int) {
        for _ in 0..<clients {
            crew.start { [self] in
                for _ in 0..<count { ask(address) }
            }
        }
    }

    private func ask(_ address: TrafficAddress) {
        let begin = Clock.now
        do {
            let client = try LineClient(to: address)
            try client.sendAll("x\n")
            _ = try client.readLine()
            let taken = Clock.now - begin
            lock.withLock { times.append(taken) }
        } catch {
            lock.withLock { failures.append("\(error)") }
        }
    }

    func wait() -> [Double] {
        crew.join()
        return lock.withLock { times }
    }
}
