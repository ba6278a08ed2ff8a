import Foundation
import Testing
import Traffic

/// What becomes of endpoints that fail, and of clients that meet them.
@Suite(.serialized)
struct HealthTests {
    /// One of three drops every SYN: clients get a spare, and soon it is not asked any more.
    @Test func aBlackholeCostsNoClientItsTimeout() throws {
        let good = [EchoServer(), EchoServer()]
        let silent = SilentListener()
        defer {
            for server in good { server.stop() }
            silent.stop()
        }
        let fanout = try proxy(
            to: good.map(\.address) + [silent.address],
            ["--connect-timeout", "30s", "--connect-budget", "60s"]
        )
        defer { fanout.stop() }
        let address = try fanout.address()
        for _ in 0..<200 { #expect(try ask(address) == "hello") }
        // Ejected at once when three connects have failed before the main thread looks.
        func doubted() -> [[String: Any]] {
            fanout.messages("endpoint is suspect") + fanout.messages("endpoint is ejected")
        }
        try fanout.wait("suspicion") { !doubted().isEmpty }
        #expect(doubted().allSatisfy { $0["endpoint"] as? String == silent.address.description })
        let state = try fanout.quietState()
        // Once, and once more each time that it is given another chance.
        #expect((1...20).contains(state.total("hedges")))
        #expect(state.endpoints.values.allSatisfy { $0 == 0 })
        #expect(try fanout.quit() == 0)
        #expect(fanout.access.count == 200)
        // Without a spare each connect to it would have lasted 30 s.
        #expect(fanout.access.allSatisfy { $0["close"] as? String == "client_fin" })
        #expect(fanout.access.allSatisfy { $0["endpoint"] as? String != silent.address.description })
    }

    @Test func hedgingCanBeTurnedOff() throws {
        let good = EchoServer()
        let silent = SilentListener()
        defer {
            good.stop()
            silent.stop()
        }
        let fanout = try proxy(
            to: [good.address, silent.address],
            ["--connect-timeout", "100ms", "--connect-budget", "5s", "--hedge-after", "off"]
        )
        defer { fanout.stop() }
        let address = try fanout.address()
        for _ in 0..<20 { #expect(try ask(address) == "hello") }
        #expect(try fanout.quietState().total("hedges") == 0)
        #expect(try fanout.state().total("connect_failures") > 0)
    }

    /// It always has the fewest connections: least connections alone would give it all of them.
    @Test func whoAcceptsAndClosesAtOnceGetsNoTraffic() throws {
        let good = [EchoServer(), EchoServer()]
        let closing = ClosingServer()
        defer {
            for server in good { server.stop() }
            closing.stop()
        }
        let fanout = try proxy(to: good.map(\.address) + [closing.address])
        defer { fanout.stop() }
        let address = try fanout.address()
        // Held, so that the one without connections is the favourite.
        var held: [LineClient] = []
        defer { for client in held { client.close() } }
        var lost = 0
        while held.count < 100 {
            let client = try LineClient(to: address)
            try client.sendAll("x\n")
            if (try? client.readLine()) == "x" {
                held.append(client)
            } else {
                lost += 1
                client.close()
                // The main thread looks after a bad outcome, when the machine lets it: within some seconds.
                try #require(lost < 10_000)
            }
        }
        try fanout.wait("ejection") { !fanout.messages("endpoint is ejected").isEmpty }
        #expect(fanout.messages("endpoint is ejected").first?["endpoint"] as? String == closing.address.description)
        let reason = fanout.messages("endpoint is ejected").first?["reason"] as? String ?? ""
        #expect(reason.contains("without a byte") || reason.contains("before the first byte"), "\(reason)")
    }

    @Test func whoComesBackIsTriedAndThenUsed() throws {
        let good = [EchoServer(), EchoServer()]
        let refusing = RefusingAddress()
        defer { for server in good { server.stop() } }
        let fanout = try proxy(to: good.map(\.address) + [refusing.address], ["--slow-start", "0"])
        defer { fanout.stop() }
        let address = try fanout.address()
        // Side by side, so that the one without connections is the favourite.
        let crowd = try (0..<100).map { _ in try LineClient(to: address) }
        for client in crowd { try client.sendAll("x\n") }
        for client in crowd { #expect(try client.readLine() == "x") }
        try fanout.wait("ejection") { !fanout.messages("endpoint is ejected").isEmpty }
        for client in crowd { client.close() }
        refusing.stop()
        let server = EchoServer(refusing.address)
        defer { server.stop() }
        try fanout.wait("return", within: 60) {
            _ = try ask(address)
            return server.acceptedCount > 5
        }
        #expect(!fanout.messages("endpoint is on trial").isEmpty)
        #expect(fanout.access.allSatisfy { $0["close"] as? String == "client_fin" })
    }

    /// When all look bad, all are used: nobody is turned away for the past of an endpoint.
    @Test func theOnlyEndpointIsUsedWhateverItsPastIs() throws {
        let refusing = RefusingAddress()
        let fanout = try proxy(to: [refusing.address], ["--connect-budget", "30s"])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        try client.sendAll("patience\n")
        try fanout.wait("ejection") { !fanout.messages("endpoint is ejected").isEmpty }
        refusing.stop()
        let server = EchoServer(refusing.address)
        defer { server.stop() }
        #expect(try client.readLine() == "patience")
        client.close()
    }

    @Test func aFullEndpointMakesClientsWait() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(
            to: [server.address],
            ["--max-connections-per-endpoint", "2", "--connect-budget", "30s"]
        )
        defer { fanout.stop() }
        let address = try fanout.address()
        var clients: [LineClient] = []
        for _ in 0..<3 {
            clients.append(try LineClient(to: address))
            try clients.last?.sendAll("x\n")
            try fanout.wait("arrival") { try fanout.state().total("accepted") == clients.count }
        }
        for client in clients.prefix(2) { #expect(try client.readLine() == "x") }
        try fanout.wait("one waiting") { try fanout.state().total("waiting") == 1 }
        #expect(server.openCount == 2)
        clients[0].close()
        #expect(try clients[2].readLine() == "x")
        for client in clients { client.close() }
    }

    /// An active check finds out what no client has met.
    @Test func checksFindTheDeadAndTheirReturn() throws {
        let good = [EchoServer(), EchoServer()]
        let refusing = RefusingAddress()
        defer { for server in good { server.stop() } }
        let fanout = try proxy(to: good.map(\.address) + [refusing.address], ["--check-interval", "100ms"])
        defer { fanout.stop() }
        try fanout.wait("ejection") { !fanout.messages("endpoint is ejected").isEmpty }
        #expect(fanout.messages("endpoint is ejected").first?["endpoint"] as? String == refusing.address.description)
        refusing.stop()
        let server = EchoServer(refusing.address)
        defer { server.stop() }
        try fanout.wait("trial", within: 60) { !fanout.messages("endpoint is on trial").isEmpty }
    }
}
