import Foundation
import Testing
import Traffic

/// A few long connections on many workers: as many on each, whatever the kernel's hash says.
@Suite(.serialized)
struct HandoverTests {
    private static func fanout(_ driver: String, _ server: EchoServer) throws -> FanoutProcess {
        try FanoutProcess([
            "--listen-address", "127.0.0.1:0", "--endpoint", server.address.description, "--workers", "4",
            "--driver", driver,
        ])
    }

    private func talk(_ client: LineClient) throws {
        try client.sendAll("x\n")
        #expect(try client.readLine() == "x")
    }

    @Test(arguments: [FanoutProcess.driver ?? "io_uring"]) func openedOneAfterAnother(driver: String) throws {
        let server = EchoServer()
        defer { server.stop() }
        var handedOver = 0
        // By the hash alone 4 of 100 rounds would end level.
        for _ in 0..<3 {
            let fanout = try Self.fanout(driver, server)
            defer { fanout.stop() }
            let address = try fanout.address()
            let clients = try (0..<8).map { _ in
                let client = try LineClient(to: address)
                try talk(client)
                return client
            }
            let state = try fanout.state()
            #expect(state.workers.map { $0["active"] ?? -1 } == [2, 2, 2, 2])
            handedOver += state.total("handed_over")
            for client in clients { client.close() }
            #expect(try fanout.quit() == 0)
            let workers = fanout.access.compactMap { $0["worker"] as? Int }
            #expect(workers.sorted() == [0, 0, 1, 1, 2, 2, 3, 3])
        }
        #expect(handedOver > 0)
    }

    @Test(arguments: [FanoutProcess.driver ?? "io_uring"]) func openedAtOnce(driver: String) throws {
        let server = EchoServer()
        defer { server.stop() }
        for _ in 0..<5 {
            let fanout = try Self.fanout(driver, server)
            defer { fanout.stop() }
            let address = try fanout.address()
            let clients = try (0..<8).map { _ in try LineClient(to: address) }
            for client in clients { try talk(client) }
            let state = try fanout.state()
            #expect(state.workers.map { $0["active"] ?? -1 } == [2, 2, 2, 2])
            for client in clients { client.close() }
            #expect(try fanout.quit() == 0)
        }
    }
}
