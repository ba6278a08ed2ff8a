import Foundation
import Testing
import Traffic

/// SIGQUIT and its kin: nothing accepted is thrown away, every byte arrives, the exit code says how it went.
@Suite(.serialized)
struct DrainTests {
    @Test(arguments: [SIGQUIT, SIGINT, SIGTERM])
    func bulkTransfersFinishDuringADrain(_ number: Int32) throws {
        let servers = [VerifyingServer(), VerifyingServer()]
        defer { for server in servers { server.stop() } }
        let fanout = try proxy(to: servers.map(\.address), ["--hedge-after", "off"])
        defer { fanout.stop() }
        let address = try fanout.address()
        let result = Result()
        let thread = Thread {
            var options = VerifyingClient.Options()
            options.connections = 32
            options.concurrency = 32
            options.endings = Ending.clean
            options.maximumUpload = 8 << 20
            options.maximumDownload = 8 << 20
            options.pauseShare = 1
            result.set(VerifyingClient.run(options, to: address, servers: servers))
        }
        thread.start()
        try fanout.wait("connections under way") { try fanout.state().total("accepted") == 32 }
        fanout.signal(number)
        #expect(try fanout.exitCode() == 0)
        try fanout.wait("report") { result.get() != nil }
        let report = try #require(result.get())
        #expect(report.totalFaults == 0, "\(report)")
        #expect(throws: LineClient.Failure.self) { try LineClient(to: address) }
    }

    @Test func theTimeLimitResetsWhatIsLeft() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address], ["--drain-timeout", "300ms"])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        try client.sendAll("x\n")
        _ = try client.readLine()
        fanout.signal(SIGQUIT)
        #expect(try client.readUntilEnd().end == .reset)
        #expect(try fanout.exitCode() == 1)
        #expect(fanout.access.contains { $0["close"] as? String == "drained" })
    }

    /// A reset waits for the bytes before it; where the time limit does not, somebody was cut short.
    @Test func theTimeLimitCutsWhatIsOwedBeforeAReset() throws {
        let server = RawServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address], ["--drain-timeout", "300ms"])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address(), room: KernelRoom(receiveBuffer: 4 << 10))
        defer { client.close() }
        let upstream = try server.accept()
        // More than the client's kernel takes, and no more than the proxy's.
        let owed = 128 << 10
        try upstream.sendAll([UInt8](repeating: 7, count: owed))
        try fanout.wait("the bytes") { try fanout.state().total("rx_bytes") == owed }
        upstream.reset()
        try fanout.wait("the reset") { try fanout.state().endpoints.values.allSatisfy { $0 == 0 } }
        fanout.signal(SIGQUIT)
        #expect(try fanout.exitCode() == 1)
        try fanout.wait("its line") { fanout.access.last?["close"] as? String == "drained" }
    }

    @Test func aSecondSignalDoesItAtOnce() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        try client.sendAll("x\n")
        _ = try client.readLine()
        fanout.signal(SIGQUIT)
        try fanout.wait("drain") { !fanout.messages("draining").isEmpty }
        // A drain does not touch what lives.
        try client.sendAll("y\n")
        #expect(try client.readLine() == "y")
        fanout.signal(SIGTERM)
        #expect(try client.readUntilEnd().end == .reset)
        #expect(try fanout.exitCode() == 1)
    }

    /// Clients that connect all the time while the process goes away: refused, or served to the end; never reset.
    @Test func nothingAcceptedIsThrownAway() throws {
        for _ in 0..<10 {
            let server = EchoServer()
            defer { server.stop() }
            let fanout = try proxy(to: [server.address], ["--access-log", "off"])
            defer { fanout.stop() }
            let address = try fanout.address()
            let storm = Storm(address)
            storm.start()
            try fanout.wait("storm") { storm.served > 50 }
            #expect(try fanout.quit() == 0)
            storm.stop()
            #expect(storm.resets == 0)
            #expect(storm.served > 50)
        }
    }

    @Test func aUnixListenerServesItsQueueToo() throws {
        let server = EchoServer()
        defer { server.stop() }
        let path = NSTemporaryDirectory() + "fanout-\(UUID().uuidString.prefix(8)).sock"
        let fanout = try proxy(to: [server.address], listen: "unix:\(path)", ["--access-log", "off"])
        defer { fanout.stop() }
        let storm = Storm(try fanout.address())
        storm.start()
        try fanout.wait("storm") { storm.served > 50 }
        #expect(try fanout.quit() == 0)
        storm.stop()
        #expect(storm.resets == 0)
    }

    @Test func hangupAndUserSignalsDoNotEndTheProcess() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        for _ in 0..<20 {
            fanout.signal(SIGHUP)
            fanout.signal(SIGUSR1)
            fanout.signal(SIGPIPE)
        }
        try client.sendAll("alive\n")
        #expect(try client.readLine() == "alive")
        client.close()
        #expect(try fanout.quit() == 0)
    }
}

/// A value that one thread leaves for another.
final class Result: @unchecked Sendable {
    private let lock = NSLock()
    private var report: Report?

    func set(_ report: Report) { lock.withLock { self.report = report } }
    func get() -> Report? { lock.withLock { report } }
}

/// Clients that connect, ask, read the answer and close, without pause, until they are stopped or refused.
final class Storm: @unchecked Sendable {
    private static let clients = 8

    private let address: TrafficAddress
    private let lock = NSLock()
    private var counts = (served: 0, resets: 0, running: 0)
    private var isStopping = false

    init(_ address: TrafficAddress) { self.address = address }

    var served: Int { lock.withLock { counts.served } }
    var resets: Int { lock.withLock { counts.resets } }

    func start() {
        lock.withLock { counts.running = Self.clients }
        for _ in 0..<Self.clients {
            let thread = Thread { [self] in
                run()
                lock.withLock { counts.running -= 1 }
            }
            thread.start()
        }
    }

    func stop() {
        lock.withLock { isStopping = true }
        while lock.withLock({ counts.running > 0 }) { usleep(1_000) }
    }

    private func run() {
        while !lock.withLock({ isStopping }) {
            // Not connected: refused, or dropped until its patience ends; both are fair.
            guard let client = try? LineClient(to: address, within: 1) else { return }
            do {
                try client.sendAll("storm\n")
                guard try client.readLine() == "storm" else { throw LineClient.Failure.reset }
                lock.withLock { counts.served += 1 }
            } catch {
                lock.withLock { counts.resets += 1 }
            }
            client.close()
        }
    }
}
