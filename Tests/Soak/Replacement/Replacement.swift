import ArgumentParser
import Foundation
import Traffic

/// A deployment as Nomad does it, seen from the clients: each endpoint gets a successor and leaves, and nobody notices.
struct Replacement: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Every endpoint is replaced under short and long connections: no client sees a failure."
    )

    private static let service = "web"
    /// From the end of a registration to that of its listener, as `shutdown_delay` has it.
    private static let shutdownDelay = 2.0
    private static let patience = 30.0

    @OptionGroup var proxy: ProxyOptions

    @Option(help: "Endpoints, each of which is replaced.")
    var endpoints = 6

    @Option(help: "Short connections: connect, ask, close.")
    var short = 50_000

    @Option(help: "Long connections, which go on asking from the first to the last replacement.")
    var long = 300

    @Option(help: "Clients that make the short connections.")
    var clients = 16

    func run() throws {
        _ = DescriptorLimit.raise()
        let findings = Findings()
        let mesh = try Mesh(seed: 1)
        defer { mesh.end() }
        var servers = (0..<endpoints).map { Self.server($0) }
        defer { for server in servers { server.stop() } }
        for server in servers { mesh.join(Self.service, server.address) }
        let proxy = try Proxy(
            proxy,
            ["--service", Self.service, "--listen-address", "127.0.6.1:0", "--access-log", "off"],
            environment: mesh.environment
        )
        defer { proxy.end() }
        let address = try proxy.listeners()[0]
        let talkers = try Talkers(address, count: long)
        let storm = Storm(address, clients: clients)
        for index in 0..<endpoints {
            servers.append(Self.server(endpoints + index))
            try replace(servers[index], by: servers[endpoints + index], mesh)
        }
        guard Clock.wait(within: 600, until: { storm.fates.served >= short }) else {
            throw Proxy.Failure(description: "only \(storm.fates.served) short connections were served")
        }
        let fates = storm.stop()
        let told = talkers.stop()
        Terminal.say(
            "\(endpoints) endpoints replaced; \(fates.served) short connections served, \(fates.refused) refused, "
                + "\(fates.broken) broken; \(long) long ones with \(told.answers) answers, \(told.failures.count) broken"
        )
        findings.expect("short connections that were refused", fates.refused, is: 0)
        findings.expect("short connections that were broken", fates.broken, is: 0)
        for failure in told.failures { findings.broken("a long connection: \(failure)") }
        let left = servers.prefix(endpoints).reduce(0) { $0 + $1.openCount }
        // They have stayed where they were: nothing touches a living session.
        findings.expect("long connections on endpoints that have left", left, is: long)
        talkers.close()
        findings.expect("exit code", proxy.drain() ?? -1, is: 0)
        try findings.conclude()
    }

    private static func server(_ number: Int) -> EchoServer {
        EchoServer(.ipv4("127.0.5.\(number + 1)", port: 0))
    }

    private func replace(_ old: EchoServer, by new: EchoServer, _ mesh: Mesh) throws {
        mesh.join(Self.service, new.address)
        guard Clock.wait(within: Self.patience, until: { new.acceptedCount > 0 }) else {
            throw Proxy.Failure(description: "the new endpoint \(new.address) gets no connections")
        }
        mesh.leave(Self.service, old.address)
        Thread.sleep(forTimeInterval: Self.shutdownDelay)
        old.retire()
        Terminal.say("\(old.address) has left, \(new.address) is in its place")
    }
}

/// Long connections, each asked one thing after the other. Thread-safe.
private final class Talkers: @unchecked Sendable {
    private let clients: [LineClient]
    private let lock = NSLock()
    private let crew = Crew()
    private let sign = StopSign()
    private var answers = 0
    private var failures: [String] = []

    init(_ address: TrafficAddress, count: Int) throws {
        clients = try (0..<count).map { _ in try LineClient(to: address) }
        // Until each is with its endpoint: what follows is about those.
        for client in clients { try Self.ask(client, "first") }
        crew.start { [self] in talk() }
    }

    private func talk() {
        var broken = Set<Int>()
        var number = 0
        while !sign.isRaised {
            for (index, client) in clients.enumerated() where !broken.contains(index) {
                number += 1
                do {
                    try Self.ask(client, "\(number)")
                    lock.withLock { answers += 1 }
                } catch {
                    broken.insert(index)
                    lock.withLock { failures.append("\(error)") }
                }
            }
        }
    }

    private static func ask(_ client: LineClient, _ question: String) throws {
        try client.sendAll(question + "\n")
        let answer = try client.readLine()
        guard answer == question else { throw Proxy.Failure(description: "\(answer) in place of \(question)") }
    }

    /// Ends the talk; the connections stay.
    func stop() -> (answers: Int, failures: [String]) {
        sign.raise()
        crew.join()
        return lock.withLock { (answers, failures) }
    }

    func close() { for client in clients { client.close() } }
}
