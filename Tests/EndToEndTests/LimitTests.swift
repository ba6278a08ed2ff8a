import Foundation
import Testing
import Traffic

/// At the limits: clients are turned away with a reset and a count, and everything else goes on.
@Suite(.serialized)
struct LimitTests {
    @Test func beyondMaxConnectionsClientsAreReset() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address], ["--max-connections", "10"])
        defer { fanout.stop() }
        let address = try fanout.address()
        let held = try (0..<10).map { _ in try LineClient(to: address) }
        for client in held {
            try client.sendAll("x\n")
            #expect(try client.readLine() == "x")
        }
        for _ in 0..<5 { #expect(throws: LineClient.Failure.reset) { try Self.ask(address) } }
        try fanout.wait("their count") { try fanout.state().total("rejected") == 5 }
        try fanout.wait("their log lines") { fanout.access.filter { $0["close"] as? String == "limit" }.count == 5 }
        for client in held {
            try client.sendAll("still here\n")
            #expect(try client.readLine() == "still here")
        }
        held[0].close()
        try fanout.wait("a free place") { try fanout.state().process["connections"] == 9 }
        let next = try LineClient(to: address)
        try next.sendAll("now\n")
        #expect(try next.readLine() == "now")
    }

    /// A client that is turned away may learn it with its connect, its send or its read.
    private static func ask(_ address: TrafficAddress) throws(LineClient.Failure) {
        let client = try LineClient(to: address)
        try client.sendAll("x\n")
        _ = try client.readLine()
    }

    /// Descriptors run out although the configured limit is not reached: other things of the process hold them.
    @Test func descriptorShortageIsSurvived() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(
            to: [server.address],
            ["--workers", "1", "--connect-budget", "1s", "--connect-timeout", "1s"],
            descriptors: 40
        )
        defer { fanout.stop() }
        let address = try fanout.address()
        // Some of them learn at once that they are turned away.
        let held = (0..<60).compactMap { _ in try? LineClient(to: address) }
        try fanout.wait("shortage") { try fanout.state().total("accept_errors") > 0 }
        for client in held { client.reset() }
        try fanout.wait("quiet", within: 30) { try fanout.state().process["connections"] == 0 }
        // Those that nobody waits for any more are still in the queue; the next one may be turned away with them.
        try fanout.wait("an answer") { (try? Self.ask(address)) != nil }
        #expect(try fanout.quit() == 0)
    }

    @Test func idleConnectionsAreEndedOnlyWhenAskedTo() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address], ["--idle-timeout", "2s"])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        try client.sendAll("x\n")
        #expect(try client.readLine() == "x")
        #expect(try client.readUntilEnd().end == .reset)
        try fanout.wait("access log") { fanout.access.count == 1 }
        #expect(fanout.access[0]["close"] as? String == "idle")
    }

    @Test func livingConnectionsAreLoggedWhenAskedTo() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address], ["--access-log-interval", "100ms"])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        try client.sendAll("x\n")
        _ = try client.readLine()
        try fanout.wait("lines of a living connection") {
            fanout.access.count { $0["close"] as? String == "open" && $0["tx_bytes"] as? Int == 2 } >= 2
        }
        client.close()
        try fanout.wait("last line") { fanout.access.last?["close"] as? String == "client_fin" }
    }
}
