import Foundation
import Traffic

/// A connect storm against a proxy in a memory limit (64 MiB, unless asked otherwise): what is too much is turned away, and it lives on.
struct MemoryLimitStorm {
    private static let waves = 3
    private static let clients = 4_000
    /// Connections that were there before the storm, and are served in its midst; fewer where the limit is lower.
    private static let mostVeterans = 50
    /// Every tenth client keeps sending, up to so many bytes, and never reads.
    private static let floodShare = 10
    private static let flood = 1 << 20
    private static let patience = 30.0

    let options: ProxyOptions
    /// In bytes.
    let limit: Int
    let findings: Findings

    func run() throws {
        let group: ControlGroup
        do {
            group = try ControlGroup(limit: limit)
        } catch let reason as ControlGroup.Unavailable {
            Terminal.say("memory: skipped: \(reason)")
            return
        }
        defer { group.remove() }
        let backend = try BackendProcess(on: .ipv4("127.0.9.1", port: 0))
        defer { backend.end() }
        let proxy = try Proxy(
            options,
            ["--listen-address", "127.0.10.1:0", "--workers", "2", "--endpoint", backend.address.description],
            before: group.entry
        )
        defer { proxy.end() }
        let address = try proxy.listeners()[0]
        Terminal.say(
            "memory: \(Terminal.mebibytes(limit)) (\(group.name)): \(proxy[fact: "max_connections"] ?? "?") connections: "
                + "\(proxy[fact: "max_connections_reason"] ?? "?")"
        )
        guard let most = proxy[fact: "max_connections"].flatMap({ Int($0) }), most < Self.clients else {
            findings.broken("memory: the limit was not seen by the proxy")
            return
        }
        let veterans = try (0..<min(Self.mostVeterans, most / 2)).map { _ in try LineClient(to: address) }
        try ask(veterans, "before the storm")
        for wave in 1...Self.waves { try storm(wave, proxy, address, veterans, group) }
        for client in veterans { client.close() }
        let (state, isHome) = try proxy.state(within: Self.patience) { $0["connections"] == 0 }
        if !isHome { findings.broken("memory: \(state["connections"]) connections left after the storm") }
        findings.expect("memory: processes killed", group.kills, is: 0)
        findings.expect("memory: exit code", proxy.drain(), is: 0)
    }

    private func storm(
        _ wave: Int,
        _ proxy: Proxy,
        _ address: TrafficAddress,
        _ veterans: [LineClient],
        _ group: ControlGroup
    ) throws {
        let rejectedBefore = try proxy.state().total("rejected")
        let bytes = [UInt8](repeating: 7, count: 64 << 10)
        var clients: [LineClient] = []
        var turnedAway = 0
        for index in 0..<Self.clients {
            do throws(LineClient.Failure) {
                let client = try LineClient(to: address)
                clients.append(client)
                var sent = 0
                while index % Self.floodShare == 0 && sent < Self.flood {
                    let count = try client.sendWhatFits(bytes)
                    if count == 0 { break }
                    sent += count
                }
            } catch {
                turnedAway += 1
            }
            guard proxy.isRunning else {
                findings.broken("memory: the proxy ended after \(index) clients of wave \(wave):\n\(proxy.log)")
                return
            }
        }
        try ask(veterans, "wave \(wave)")
        let state = try proxy.state()
        let rejected = state.total("rejected") - rejectedBefore
        if rejected == 0 { findings.broken("memory: wave \(wave) of \(Self.clients) clients: none was turned away") }
        let figures = try proxy.figures()
        Terminal.say(
            "memory: wave \(wave): \(Self.clients) clients, \(state["connections"]) held, \(rejected) turned away "
                + "(\(turnedAway) learnt it at once), \(veterans.count) of before served; peak of the group "
                + "\(group.peak), RSS \(Terminal.mebibytes(figures.resident)), killed \(group.kills)"
        )
        for client in clients { client.reset() }
        _ = try proxy.state(within: Self.patience) { $0["connections"] == veterans.count }
    }

    private func ask(_ clients: [LineClient], _ text: String) throws {
        for (index, client) in clients.enumerated() {
            try during("\(text) to connection \(index)") { try client.sendAll(text + "\n") }
        }
        for (index, client) in clients.enumerated() {
            let answer = try during("\(text) from connection \(index)") { try client.readLine(within: Self.patience) }
            if answer != text { findings.broken("memory: a wrong answer: \(answer)") }
        }
    }
}
