import Foundation
import Traffic

/// As many connections as descriptors allow, all held at once; those beyond are turned away with a count.
struct HeldConnections {
    /// RLIMIT_NOFILE of the proxy, if this process may have as many itself.
    private static let descriptors = 20_000
    private static let backends = 4
    /// Connections that are opened and closed before the memory is looked at for the first time.
    private static let warmUp = 64
    /// Opened and asked together.
    private static let batch = 500
    private static let beyond = 200
    private static let greatestGrowth = 4 << 20
    private static let patience = 60.0
    /// Of this process: the standard streams, pipes to children.
    private static let ownDescriptors = 64

    let options: ProxyOptions
    let descriptors: Int
    let findings: Findings

    func run() throws {
        let limit = min(descriptors, Self.descriptors)
        let backends = try (0..<Self.backends).map { try BackendProcess(on: .ipv4("127.0.7.\($0 + 1)", port: 0)) }
        defer { for backend in backends { backend.end() } }
        let proxy = try Proxy(
            options,
            ["--listen-address", "127.0.8.1:0", "--workers", "2"]
                + backends.flatMap { ["--endpoint", $0.address.description] },
            descriptors: limit
        )
        defer { proxy.end() }
        let address = try proxy.listeners()[0]
        guard let most = proxy[fact: "max_connections"].flatMap({ Int($0) }) else {
            throw Proxy.Failure(description: "no max_connections in the log")
        }
        Terminal.say("held: \(most) connections at most under RLIMIT_NOFILE \(limit)")
        guard descriptors >= most + Self.beyond + Self.ownDescriptors else {
            throw Proxy.Failure(description: "this process may have \(descriptors) descriptors only")
        }
        try echo(open(Self.warmUp, to: address), "warm-up")
        let before = try home(proxy, "the warm-up")
        let base = try proxy.figures()

        var held: [LineClient] = []
        while held.count < most {
            let batch = try open(min(Self.batch, most - held.count), to: address)
            try echo(batch, "first words")
            held += batch
        }
        let state = try proxy.state()
        findings.expect("connections held", state["connections"], is: most)
        try say("holding \(most)", proxy, over: base)

        try turnAway(proxy, address)
        try echo(held, "last words")
        let growth = try say("all \(most) have echoed once more", proxy, over: base)
        findings.expect(
            "held: anonymous memory over base",
            Double(growth) / Double(1 << 20),
            atMost: Double(Self.greatestGrowth) / Double(1 << 20),
            unit: "MiB"
        )

        for client in held { client.close() }
        let after = try home(proxy, "all that was held")
        findings.expect("held: what is taken afterwards", after.holdings, is: before.holdings)
        try echo(open(1, to: address), "afterwards")
        findings.expect("held: exit code", proxy.drain(), is: 0)
    }

    private func open(_ count: Int, to address: TrafficAddress) throws -> [LineClient] {
        try (0..<count).map { index in try during("connecting \(index + 1) of \(count)") { try LineClient(to: address) }
        }
    }

    /// Each asks, then each reads its answer.
    private func echo(_ clients: [LineClient], _ text: String) throws {
        for (index, client) in clients.enumerated() {
            try during("\(text) to connection \(index)") { try client.sendAll("\(text) \(index)\n") }
        }
        for (index, client) in clients.enumerated() {
            let answer = try during("\(text) from connection \(index)") { try client.readLine(within: Self.patience) }
            if answer != "\(text) \(index)" { findings.broken("held: a wrong answer to '\(text) \(index)': \(answer)") }
        }
    }

    /// Those beyond the limit are reset, and counted.
    private func turnAway(_ proxy: Proxy, _ address: TrafficAddress) throws {
        let before = try proxy.state().total("rejected")
        var resets = 0
        for _ in 0..<Self.beyond {
            do throws(LineClient.Failure) {
                let client = try LineClient(to: address)
                try client.sendAll("me too\n")
                _ = try client.readLine()
                findings.broken("held: a client beyond the limit was served")
            } catch {
                if error == .reset { resets += 1 }
            }
        }
        findings.expect("held: clients reset beyond the limit", resets, is: Self.beyond)
        let counted = try proxy.state().total("rejected") - before
        findings.expect("held: rejected, as counted", counted, is: Self.beyond)
        Terminal.say("held: \(Self.beyond) more: \(resets) reset, \(counted) counted as rejected")
    }

    private func home(_ proxy: Proxy, _ what: String) throws -> ProxyState {
        let (state, isHome) = try proxy.state(within: Self.patience) {
            $0["connections"] == 0 && $0.total("active") == 0
        }
        if !isHome { findings.broken("held: \(state["connections"]) connections left after \(what)") }
        return state
    }

    /// Prints the memory; returns the anonymous growth in bytes.
    @discardableResult
    private func say(_ what: String, _ proxy: Proxy, over base: ProcessFigures) throws -> Int {
        let now = try proxy.figures()
        let growth = now.anonymous - base.anonymous
        Terminal.say(
            "held: \(what): RSS \(Terminal.mebibytes(now.resident)) (base \(Terminal.mebibytes(base.resident))), anonymous "
                + "\(Terminal.mebibytes(now.anonymous)) (base \(Terminal.mebibytes(base.anonymous))): "
                + "\(Terminal.mebibytes(growth)) over base"
        )
        return growth
    }
}
