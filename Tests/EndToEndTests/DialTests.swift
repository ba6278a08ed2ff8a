import Foundation
import Testing
import Traffic

/// Finding an endpoint: retries, time-outs, one budget, and clients that wait or go away.
@Suite(.serialized)
struct DialTests {
    @Test func oneRefusesOneIsABlackhole() throws {
        let good = EchoServer()
        let refusing = RefusingAddress()
        let silent = SilentListener()
        defer {
            good.stop()
            refusing.stop()
            silent.stop()
        }
        let fanout = try proxy(
            to: [good.address, refusing.address, silent.address],
            ["--connect-timeout", "300ms", "--connect-budget", "5s"]
        )
        defer { fanout.stop() }
        let address = try fanout.address()
        // All at once, so that they wait side by side.
        let clients = try (0..<60).map { _ in try LineClient(to: address) }
        for (index, client) in clients.enumerated() { try client.sendAll("hello \(index)\n") }
        for (index, client) in clients.enumerated() { #expect(try client.readLine() == "hello \(index)") }
        for client in clients { client.close() }
        let state = try fanout.quietState()
        #expect(state.total("connect_failures") > 0)
        #expect(state.endpoints.values.allSatisfy { $0 == 0 })
        #expect(try fanout.quit() == 0)
        #expect(fanout.access.count == clients.count)
        #expect(fanout.access.contains { ($0["attempts"] as? Int ?? 0) > 1 })
        #expect(fanout.access.allSatisfy { $0["endpoint"] as? String == good.address.description })
    }

    @Test func whenNobodyAnswersTheClientIsResetAfterTheBudget() throws {
        let refusing = RefusingAddress()
        defer { refusing.stop() }
        let fanout = try proxy(to: [refusing.address], ["--connect-timeout", "1s", "--connect-budget", "2s"])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        try client.sendAll("anybody?\n")
        #expect(try client.readUntilEnd().end == .reset)
        try fanout.wait("access log") { !fanout.access.isEmpty }
        #expect(fanout.access[0]["close"] as? String == "connect_failed")
        #expect(fanout.access[0]["errno"] as? Int == Int(ECONNREFUSED))
        #expect(fanout.access[0]["attempts"] as? Int ?? 0 > 1)
    }

    /// The endpoint comes up while a client waits: the bytes sent meanwhile arrive.
    @Test func aClientWaitsForAnEndpointThatComesBack() throws {
        let refusing = RefusingAddress()
        let fanout = try proxy(to: [refusing.address], ["--connect-budget", "20s"])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        try client.sendAll("patience\n")
        try fanout.wait("failed attempt") { try fanout.state().total("connect_failures") > 0 }
        refusing.stop()
        let server = EchoServer(refusing.address)
        defer { server.stop() }
        #expect(try client.readLine() == "patience")
    }

    @Test func aWaitingClientThatGoesAwayIsForgotten() throws {
        let refusing = RefusingAddress()
        defer { refusing.stop() }
        let fanout = try proxy(to: [refusing.address], ["--connect-budget", "60s"])
        defer { fanout.stop() }
        let address = try fanout.address()
        let resetting = try LineClient(to: address)
        let closing = try LineClient(to: address)
        let asking = try LineClient(to: address)
        try asking.sendAll("request\n")
        asking.halfClose()
        try fanout.wait("three waiting") { try fanout.state().process["connections"] == 3 }
        resetting.reset()
        closing.close()
        try fanout.wait("two gone") { fanout.access.filter { $0["close"] as? String == "client_gone" }.count == 2 }
        // A request followed by an end of stream still wants its answer.
        #expect(try fanout.state().process["connections"] == 1)
        asking.close()
    }

    /// Least connections over all workers: held connections, opened one after another, differ by at most one.
    @Test func heldConnectionsAreSpreadEvenly() throws {
        let servers = (0..<3).map { _ in EchoServer() }
        defer { for server in servers { server.stop() } }
        // A spare that wins counts on another endpoint than the one chosen.
        let fanout = try proxy(to: servers.map(\.address), ["--hedge-after", "off"])
        defer { fanout.stop() }
        let address = try fanout.address()
        var clients: [LineClient] = []
        for _ in 0..<60 {
            let client = try LineClient(to: address)
            try client.sendAll("x\n")
            _ = try client.readLine()
            clients.append(client)
        }
        #expect(servers.map(\.openCount) == [20, 20, 20])
        for client in clients { client.close() }
    }

    /// Workers that choose in the same moment may choose the same: they differ by at most as many as there are workers.
    @Test func connectionsOpenedAtOnceAreSpreadEvenly() throws {
        let servers = (0..<3).map { _ in EchoServer() }
        defer { for server in servers { server.stop() } }
        let fanout = try proxy(to: servers.map(\.address), ["--hedge-after", "off"])
        defer { fanout.stop() }
        let address = try fanout.address()
        let clients = try (0..<300).map { _ in try LineClient(to: address) }
        for client in clients { try client.sendAll("x\n") }
        for client in clients { #expect(try client.readLine() == "x") }
        let counts = servers.map(\.openCount)
        #expect(counts.reduce(0, +) == 300)
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 2, "\(counts)")
        for client in clients { client.close() }
    }

    /// Which says so: not all of many are looked at for each connection.
    @Test func ofManyEndpointsTheBetterOfTwoIsChosen() throws {
        let endpoints = (1...300).flatMap { ["--endpoint", "127.1.\($0 / 250).\($0 % 250 + 1):9"] }
        let fanout = try FanoutProcess(["--listen-address", "127.0.0.1:0"] + endpoints)
        defer { fanout.stop() }
        try fanout.wait("a line") { !fanout.messages("the better of two drawn endpoints is chosen").isEmpty }
    }

    @Test func roundRobinVisitsAll() throws {
        let servers = (0..<4).map { _ in EchoServer() }
        defer { for server in servers { server.stop() } }
        let fanout = try proxy(to: servers.map(\.address), ["--balance", "round-robin", "--workers", "1"])
        defer { fanout.stop() }
        let address = try fanout.address()
        for _ in 0..<20 {
            let client = try LineClient(to: address)
            try client.sendAll("x\n")
            _ = try client.readLine()
            client.close()
        }
        #expect(servers.map(\.acceptedCount) == [5, 5, 5, 5])
    }

    /// An endpoint that is this proxy itself would be a loop without an end.
    @Test func itsOwnListenerIsNoEndpoint() throws {
        let server = EchoServer()
        defer { server.stop() }
        let port = freePort()
        let fanout = try FanoutProcess([
            "--listen-address", ":\(port)", "--endpoint", "127.0.0.1:\(port)", "--endpoint", server.address.description,
        ])
        defer { fanout.stop() }
        _ = try fanout.address()
        for _ in 0..<10 { #expect(try ask(.ipv4("127.0.0.1", port: port)) == "hello") }
        #expect(try fanout.quietState().total("accepted") == 10)
        #expect(server.acceptedCount == 10)
    }
}

/// A port that nobody has at this moment.
private func freePort() -> UInt16 {
    let server = RawServer()
    defer { server.stop() }
    return server.address.port ?? 0
}
