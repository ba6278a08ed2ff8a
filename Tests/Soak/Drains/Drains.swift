import ArgumentParser
import Foundation
import Traffic

/// A drain under a connect storm, again and again: nothing that was accepted is thrown away.
struct Drains: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "SIGQUIT under a connect storm, again and again: no client that connected is reset or goes unanswered."
    )

    /// So many clients are served before the drain begins.
    private static let servedBefore = 20
    /// In every such round the process is stopped first, so that connections are surely queued when the drain begins.
    private static let roundsOfQueueing = 4
    private static let queueingMicroseconds: UInt32 = 10_000
    /// Below the ports that the kernel gives out: a connect to a port of those that nobody has may meet itself.
    private static let firstPort = 20_000
    private static let ports = 10_000
    private static let linePause = 5.0

    enum Listener: String, ExpressibleByArgument, CaseIterable {
        case tcp, unix
    }

    @OptionGroup var proxy: ProxyOptions

    @Option(help: "Drains for each kind of listener.")
    var count = 1_000

    @Option(help: "Clients that connect, ask and leave, over and over.")
    var clients = 32

    @Option(help: "Only this kind of listener.")
    var listener: Listener?

    func run() throws {
        _ = DescriptorLimit.raise()
        let findings = Findings()
        let servers = (0..<2).map { EchoServer(.ipv4("127.0.5.\($0 + 1)", port: 0)) }
        defer { for server in servers { server.stop() } }
        for listener in listener.map({ [$0] }) ?? Listener.allCases {
            try drain(listener, servers.map(\.address), findings)
        }
        try findings.conclude()
    }

    private func drain(_ listener: Listener, _ backends: [TrafficAddress], _ findings: Findings) throws {
        var fates = Storm.Fates()
        var exitCodes: [Int32: Int] = [:]
        var nextLine = Clock.now + Self.linePause
        for round in 0..<count {
            let (fate, code) = try drainOnce(listener, round, backends)
            fates.add(fate)
            exitCodes[code ?? -1, default: 0] += 1
            if fate.broken > 0 {
                findings.broken(
                    "\(listener.rawValue), round \(round): \(fate.broken) clients \(fate.firstBroken ?? "")"
                )
            }
            // The file goes when the drain begins: later it may be a successor's.
            if case .unix(let path) = address(listener, round), FileManager.default.fileExists(atPath: path) {
                findings.broken("unix, round \(round): the socket file was left behind")
                try FileManager.default.removeItem(atPath: path)
            }
            if code != 0 {
                findings.broken("\(listener.rawValue), round \(round): exit code \(code.map { "\($0)" } ?? "none")")
            }
            if Clock.now > nextLine || round == count - 1 {
                nextLine = Clock.now + Self.linePause
                Terminal.say(
                    "\(listener.rawValue): \(round + 1) drains; clients served \(fates.served), refused "
                        + "\(fates.refused), reset or unanswered \(fates.broken); exit code 0: \(exitCodes[0] ?? 0) times"
                )
            }
        }
    }

    private func address(_ listener: Listener, _ round: Int) -> TrafficAddress {
        switch listener {
        case .tcp: .ipv4("127.0.6.1", port: UInt16(Self.firstPort + round % Self.ports))
        case .unix: .unix(NSTemporaryDirectory() + "fanout-soak-\(getpid())-\(round).sock")
        }
    }

    private func drainOnce(
        _ listener: Listener,
        _ round: Int,
        _ backends: [TrafficAddress]
    ) throws -> (Storm.Fates, Int32?) {
        let address = address(listener, round)
        let endpoints = backends.flatMap { ["--endpoint", $0.description] }
        let proxy = try Proxy(
            proxy,
            ["--listen-address", address.description, "--workers", "2", "--access-log", "off"] + endpoints
        )
        defer { proxy.end() }
        _ = try proxy.listeners()
        let storm = Storm(address, clients: clients)
        guard Clock.wait(within: 20, until: { storm.fates.served >= Self.servedBefore }) else {
            throw Proxy.Failure(description: "the storm was not served: \(storm.stop())\n\(proxy.log)")
        }
        let queues = round % Self.roundsOfQueueing == 0
        if queues {
            proxy.signal(SIGSTOP)
            usleep(Self.queueingMicroseconds)
        }
        proxy.signal(SIGQUIT)
        if queues { proxy.signal(SIGCONT) }
        let code = proxy.exitCode(within: 40)
        return (storm.stop(), code)
    }
}
