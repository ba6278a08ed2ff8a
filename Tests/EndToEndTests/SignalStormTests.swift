import Foundation
import Testing
import Traffic

/// Every signal that the process knows, in every order and as fast as they come: the end is one end, in order.
@Suite(.serialized)
struct SignalStormTests {
    private static let ends = [SIGQUIT, SIGTERM, SIGINT]
    private static let others = [SIGHUP, SIGUSR1]
    private static let connections = 64

    /// The second one resets what is left, and those after it find nothing to do.
    @Test(arguments: ["127.0.0.1:0", "unix"], 1...4 as ClosedRange<UInt64>)
    func aStormEndsADrainOnceAndInOrder(listen: String, seed: UInt64) throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address], listen: Self.place(listen))
        defer { fanout.stop() }
        let address = try fanout.address()
        let clients = try (0..<Self.connections).map { _ in try talk(address) }
        storm(fanout, seed: seed, Self.ends + Self.others)
        #expect(try fanout.exitCode() == 1)
        try fanout.wait("last lines") {
            fanout.messages("stopped").count == 1 && fanout.access.count == Self.connections
        }
        for client in clients {
            let end = try client.readUntilEnd()
            #expect(end.bytes.isEmpty)
            if !address.isUnix { #expect(end.end == .reset) }
        }
        #expect(fanout.messages("draining").count == 1)
        #expect(fanout.messages("resetting connections").count == 1)
        #expect(fanout.messages("stopped").compactMap { $0["exit_code"] as? String } == ["1"])
        #expect(fanout.access.allSatisfy { $0["close"] as? String == "drained" })
    }

    /// Connections that come and go meanwhile: the exit code tells whether one of them was cut short.
    @Test(arguments: ["127.0.0.1:0", "unix"], 1...4 as ClosedRange<UInt64>)
    func underLoadTheExitCodeTellsWhetherSomethingWasReset(listen: String, seed: UInt64) throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address], listen: Self.place(listen))
        defer { fanout.stop() }
        let load = Storm(try fanout.address())
        load.start()
        try fanout.wait("load") { load.served > 50 }
        storm(fanout, seed: seed, Self.ends + Self.others)
        let code = try fanout.exitCode()
        load.stop()
        let cut = fanout.access.count { $0["close"] as? String == "drained" }
        #expect(code == (cut > 0 ? 1 : 0))
        #expect(fanout.messages("draining").count == 1)
        #expect(fanout.messages("resetting connections").count <= 1)
    }

    @Test func aStormOverNothingIsACleanEnd() throws {
        for seed in UInt64(1)...4 {
            let fanout = try proxy(to: [.ipv4("127.0.0.1", port: 1)])
            defer { fanout.stop() }
            _ = try fanout.address()
            storm(fanout, seed: seed, Self.ends + Self.others)
            #expect(try fanout.exitCode() == 0)
            #expect(fanout.messages("stopped").count == 1)
            #expect(fanout.messages("draining").count == 1)
            #expect(fanout.messages("resetting connections").isEmpty)
        }
    }

    /// Only a second request to end cuts a drain short.
    @Test func otherSignalsDoNotHurryADrain() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address])
        defer { fanout.stop() }
        let client = try talk(try fanout.address())
        fanout.signal(SIGQUIT)
        try fanout.wait("drain") { !fanout.messages("draining").isEmpty }
        for _ in 0..<200 { for number in Self.others { fanout.signal(number) } }
        // Asked for after the storm: when it has been answered, the storm is over.
        #expect(try fanout.state().process["connections"] == 1)
        try client.sendAll("still here\n")
        #expect(try client.readLine() == "still here")
        client.close()
        #expect(try fanout.exitCode() == 0)
    }

    /// Signals in an order that the seed gives, until the process has ended.
    private func storm(_ fanout: FanoutProcess, seed: UInt64, _ numbers: [Int32]) {
        var random = SeededGenerator(seed: seed)
        let end = Date().addingTimeInterval(20)
        while fanout.isRunning, Date() < end {
            fanout.signal(numbers[Int.random(in: 0..<numbers.count, using: &random)])
            usleep(useconds_t.random(in: 0...300, using: &random))
        }
    }

    private func talk(_ address: TrafficAddress) throws -> LineClient {
        let client = try LineClient(to: address)
        try client.sendAll("hello\n")
        #expect(try client.readLine() == "hello")
        return client
    }

    private static func place(_ listen: String) -> String {
        listen == "unix" ? "unix:" + NSTemporaryDirectory() + "fanout-\(UUID().uuidString.prefix(8)).sock" : listen
    }
}
