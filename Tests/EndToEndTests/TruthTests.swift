import Foundation
import Testing
import Traffic

/// Every byte, in order; a FIN as a FIN; a reset as a reset after the bytes that preceded it.
@Suite(.serialized)
struct TruthTests {
    @Test func twentyThousandConnectionsInAllEndings() throws {
        let servers = (0..<3).map { _ in VerifyingServer() }
        defer { for server in servers { server.stop() } }
        // A spare that loses is reset, and these servers expect something of each connection.
        let fanout = try proxy(to: servers.map(\.address), ["--hedge-after", "off"])
        defer { fanout.stop() }
        let address = try fanout.address()
        let before = try fanout.quietState()

        var options = VerifyingClient.Options()
        options.connections = 20_000
        options.concurrency = 256
        options.maximumUpload = 256 << 10
        options.maximumDownload = 256 << 10
        let report = VerifyingClient.run(options, to: address, servers: servers)
        #expect(report.totalFaults == 0, "\(report)")
        #expect(report.connections == options.connections)
        for server in servers { #expect(server.acceptedCount > 0) }

        let after = try fanout.quietState()
        #expect(after.total("pending_operations") == before.total("pending_operations"))
        #expect(after.total("free_buffers") == before.total("free_buffers"))
        #expect(after.process["descriptors"] == before.process["descriptors"])
        #expect(after.endpoints.values.allSatisfy { $0 == 0 })
        #expect(after.total("accepted") == options.connections)
        #expect(try fanout.quit() == 0)
    }

    @Test(arguments: ["[::1]:0", ":0", "unix"])
    func otherListeners(_ listen: String) throws {
        let servers = [VerifyingServer(), VerifyingServer(.loopback6)]
        defer { for server in servers { server.stop() } }
        let path = NSTemporaryDirectory() + "fanout-\(UUID().uuidString.prefix(8)).sock"
        let fanout = try proxy(
            to: servers.map(\.address),
            listen: listen == "unix" ? "unix:\(path)" : listen,
            ["--hedge-after", "off"]
        )
        defer { fanout.stop() }
        var address = try fanout.address()
        var addresses = [address]
        if listen == ":0", case .ipv6(_, let port) = address {
            address = .ipv6("::1", port: port)
            addresses = [address, .ipv4("127.0.0.1", port: port)]
        }
        for address in addresses {
            var options = VerifyingClient.Options()
            options.connections = 1_000
            options.maximumUpload = 128 << 10
            options.maximumDownload = 128 << 10
            if address.isUnix { options.endings = Ending.clean }
            let report = VerifyingClient.run(options, to: address, servers: servers)
            #expect(report.totalFaults == 0, "\(report)")
        }
        for server in servers { #expect(server.acceptedCount > 0) }
        #expect(try fanout.quit() == 0)
        if listen == "unix" { #expect(!FileManager.default.fileExists(atPath: path)) }
    }

    /// More blocked directions than buffers: the others must not notice. (Not many more: each takes megabytes of the
    /// kernel's TCP memory, and beyond tcp_mem all sockets of the machine are held back.)
    @Test func blockedConnectionsDoNotOwnTheBuffers() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address], ["--workers", "1"])
        defer { fanout.stop() }
        let address = try fanout.address()
        let blocked = try (0..<160).map { _ in try LineClient(to: address) }
        defer { for client in blocked { client.reset() } }
        // An echo that nobody reads fills both directions, until not a byte moves any more.
        try fill(blocked)
        let active = try LineClient(to: address)
        for round in 0..<200 {
            try active.sendAll("line \(round)\n")
            #expect(try active.readLine() == "line \(round)")
        }
        active.close()
    }

    /// The ended side of a half-closed connection is reset while the other side is silent.
    @Test func resetWhileHalfClosed() throws {
        let server = RawServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        let upstream = try server.accept()
        client.halfClose()
        #expect(try upstream.readUntilEnd().end == .endOfStream)
        client.reset()
        // After its own end of stream a reset shows in what is sent.
        #expect(throws: LineClient.Failure.reset) {
            for _ in 0..<10_000 {
                _ = try upstream.sendWhatFits([1])
                usleep(1_000)
            }
        }
    }

    /// Both directions are full, nobody reads, and one side is reset: the other must not hang for ever.
    @Test func aResetReachesASideThatIsStuckInAWrite() throws {
        let server = RawServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        let upstream = try server.accept()
        try fill([client, upstream])
        upstream.reset()
        #expect(try client.waitForReset(within: 20))
        #expect(try fanout.quietState().endpoints.values.allSatisfy { $0 == 0 })
    }

    /// A unix client that writes and goes leaves no error behind: its bytes and its end arrive, and no reset.
    @Test func aUnixClientThatWritesAndCloses() throws {
        let server = RawServer()
        defer { server.stop() }
        let path = NSTemporaryDirectory() + "fanout-\(UUID().uuidString.prefix(8)).sock"
        let fanout = try proxy(to: [server.address], listen: "unix:\(path)")
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        let upstream = try server.accept()
        try client.sendAll("log line\n")
        client.close()
        let received = try upstream.readUntilEnd()
        #expect(received.bytes == Array("log line\n".utf8))
        #expect(received.end == .endOfStream)
        // Longer than a half-closed connection goes unwatched: it must still be there.
        usleep(200_000)
        #expect(try fanout.state().process["connections"] == 1)
        upstream.close()
        try fanout.wait("its end") { fanout.access.last?["close"] as? String == "client_fin" }
        // Takes the file of its socket away.
        #expect(try fanout.quit() == 0)
    }

    /// A server that speaks first must not wait for the client.
    @Test func serverSpeaksFirst() throws {
        let server = EchoServer(greeting: Array("220 ready\r\n".utf8))
        defer { server.stop() }
        let fanout = try proxy(to: [server.address])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        #expect(try client.readLine().hasPrefix("220 ready"))
    }
}

/// Sends on every connection until none takes a byte in a whole round any more.
func fill(_ clients: [LineClient]) throws {
    let chunk = [UInt8](repeating: 7, count: 64 << 10)
    var quietRounds = 0
    while quietRounds < 5 {
        var moved = 0
        for client in clients { moved += try client.sendWhatFits(chunk) }
        quietRounds = moved == 0 ? quietRounds + 1 : 0
        if moved == 0 { usleep(20_000) }
    }
}
