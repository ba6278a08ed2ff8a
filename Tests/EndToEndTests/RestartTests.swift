import Foundation
import Testing
import Traffic

/// A process that was killed leaves its address behind in a state that the next one must cope with at once: a job is
/// restarted on the same port within the second.
@Suite(.serialized)
struct RestartTests {
    private static let lives = 4
    private static let connections = 16
    /// Alive when the process is killed: what io_uring has to cancel keeps the listeners open after its end.
    private static let held = 200

    @Test(arguments: ["127.0.0.1", "[::1]"])
    func afterSigkillThePortIsBoundAtOnce(host: String) throws {
        let server = RawServer()
        defer { server.stop() }
        var fanout = try proxy(to: [server.address], listen: "\(host):0")
        defer { fanout.stop() }
        let address = try fanout.address()
        for _ in 1...Self.lives {
            try leaveTimeWait(address, server)
            // And some that live: the kernel ends them, and their clients do not go for a while.
            let held = try (0..<Self.held).map { _ in try talk(address, server) }
            try fanout.endByKill()
            let waiting = try KernelSocket.all().count { $0.local == address.port && $0.state == .timeWait }
            #expect(waiting > 0, "nothing in TIME_WAIT")
            fanout = try proxy(to: [server.address], listen: address.description)
            #expect(try fanout.address() == address)
            _ = try talk(address, server)
            for client in held { #expect(try client.readUntilEnd().bytes.isEmpty) }
            upstreams.close()
        }
        #expect(try fanout.quit() == 0)
    }

    @Test func afterSigkillTheSocketFileIsReplaced() throws {
        let server = RawServer()
        defer { server.stop() }
        let path = NSTemporaryDirectory() + "fanout-\(UUID().uuidString.prefix(8)).sock"
        var fanout = try proxy(to: [server.address], listen: "unix:\(path)")
        defer { fanout.stop() }
        let address = try fanout.address()
        for _ in 1...Self.lives {
            let held = try (0..<Self.held).map { _ in try talk(address, server) }
            try fanout.endByKill()
            #expect(FileManager.default.fileExists(atPath: path))
            for client in held { #expect(try client.readUntilEnd().bytes.isEmpty) }
            fanout = try proxy(to: [server.address], listen: "unix:\(path)")
            #expect(try fanout.address() == address)
            _ = try talk(address, server)
            upstreams.close()
        }
        #expect(try fanout.quit() == 0)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    /// Which is what io_uring makes of a predecessor that was killed, for as long as the kernel takes it apart.
    @Test(arguments: ["127.0.0.1", "unix"]) func anAddressThatIsStillTakenIsAskedForAgain(host: String) throws {
        let server = EchoServer()
        defer { server.stop() }
        let path = NSTemporaryDirectory() + "fanout-\(UUID().uuidString.prefix(8)).sock"
        let predecessor = RawServer(host == "unix" ? .unix(path) : .ipv4(host, port: 0))
        let fanout = try proxy(to: [server.address], listen: predecessor.address.description)
        defer { fanout.stop() }
        try fanout.wait("look at the address") { !fanout.messages("address taken, asking for it again").isEmpty }
        #expect(fanout.messages("listening").isEmpty)
        predecessor.stop()
        let client = try LineClient(to: fanout.address())
        try client.sendAll("hello\n")
        #expect(try client.readLine() == "hello")
        client.close()
        #expect(try fanout.quit() == 0)
    }

    /// A connection on which a line has gone up and come down.
    private func talk(_ address: TrafficAddress, _ server: RawServer) throws -> LineClient {
        let client = try LineClient(to: address)
        try client.sendAll("up\n")
        let upstream = try server.accept()
        #expect(try upstream.readLine() == "up")
        try upstream.sendAll("down\n")
        #expect(try client.readLine() == "down")
        upstreams.append(upstream)
        return client
    }

    /// Connections that the proxy is the first to close toward its client (RFC 9293, section 3.6).
    private func leaveTimeWait(_ address: TrafficAddress, _ server: RawServer) throws {
        for _ in 0..<Self.connections {
            let client = try LineClient(to: address)
            try server.accept().close()
            #expect(try client.readUntilEnd().end == .endOfStream)
            client.close()
        }
    }

    /// The ends of living connections that the server has.
    private let upstreams = Upstreams()
}

/// Keeps connections open until they are closed together.
private final class Upstreams {
    private var ends: [LineClient] = []
    func append(_ end: LineClient) { ends.append(end) }
    func close() { ends.removeAll() }
}
