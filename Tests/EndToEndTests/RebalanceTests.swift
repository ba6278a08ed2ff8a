import Foundation
import NomadDouble
import Testing
import Traffic

/// Scale-out with pooled connections: only the surplus moves, to endpoints that can be connected to.
@Suite(.serialized)
struct RebalanceTests {
    /// A pool as clients of Redis have it: connections that are used in turn, and replaced where one was closed.
    private final class Pool {
        private let address: TrafficAddress
        private var clients: [LineClient] = []
        private var next = 0
        private(set) var requests = 0
        /// Requests that found their connection closed and were made again on a new one.
        private(set) var retries = 0
        /// Requests that failed for any other reason; and answers that were wrong.
        private(set) var failures: [String] = []

        private let answer: String

        init(_ address: TrafficAddress, connections: Int, answer: String = "+PONG") throws {
            self.address = address
            self.answer = answer
            // Each has its endpoint before the next one comes: of two at once each worker may choose without the other's.
            for _ in 0..<connections {
                let client = try LineClient(to: address)
                try ask(client)
                clients.append(client)
            }
        }

        /// Asks on the next few connections.
        func use(_ count: Int) throws {
            for _ in 0..<count {
                next = (next + 1) % clients.count
                requests += 1
                do {
                    try ask(clients[next])
                } catch let error as LineClient.Failure where error == .endOfStream || error == .reset {
                    retries += 1
                    clients[next] = try LineClient(to: address)
                    try ask(clients[next])
                }
            }
        }

        private func ask(_ client: LineClient) throws {
            let heard = try client.redis("PING")
            if heard != answer { failures.append(heard) }
        }
    }

    @Test(
        .enabled(if: Redis.isInstalled, "needs redis-server and redis-tools"),
        arguments: [FanoutProcess.driver ?? "io_uring"]
    )
    func threeHundredPooledConnectionsOverSixInPlaceOfThree(driver: String) throws {
        let task = try NomadTask()
        let servers = try (0..<6).map { _ in try Redis() }
        defer {
            task.stop()
            for server in servers { server.stop() }
        }
        for server in servers.prefix(3) { try task.register(server.address) }
        let fanout = try task.fanout(["--rebalance", "on", "--hedge-after", "off", "--driver", driver])
        defer { fanout.stop() }
        let address = try fanout.address()
        try fanout.wait("three endpoints") { try fanout.state().endpoints.count == 3 }
        let pool = try Pool(address, connections: 300)
        try pool.use(300)
        func loads() throws -> [Int] {
            let endpoints = try fanout.state().endpoints
            return servers.map { endpoints[$0.address.description] ?? 0 }
        }
        #expect(try loads() == [100, 100, 100, 0, 0, 0])

        for server in servers.suffix(3) { try task.register(server.address) }
        let start = Date()
        try fanout.wait("shares within a tenth", within: 60) {
            // Each connection is used about every third second.
            try pool.use(2)
            usleep(20_000)
            return try pool.requests % 50 == 0 && loads().allSatisfy { (45...55).contains($0) }
        }
        let seconds = Date().timeIntervalSince(start)
        let after = try loads()
        // Only a surplus has moved, each session once, and each that was closed was found so by one request.
        try pool.use(300)
        let moved = closed(fanout)
        print("\(driver): \(after) after \(seconds) s, \(moved) closed, \(pool.retries) retries of \(pool.requests)")
        #expect(pool.failures.isEmpty)
        #expect(pool.retries >= 135)
        #expect(moved <= 165)
        #expect(fanout.access.allSatisfy { $0["close"] as? String == "rebalanced" })
    }

    /// Nomad lists tasks that do not listen yet: nobody moves for them.
    @Test func nothingMovesForAnEndpointThatDoesNotListen() throws {
        let task = try NomadTask()
        let first = EchoServer()
        let absent = RefusingAddress()
        defer {
            task.stop()
            first.stop()
        }
        try task.register(first.address)
        let fanout = try task.fanout(["--rebalance", "on", "--slow-start", "0", "--hedge-after", "off"])
        defer { fanout.stop() }
        let pool = try Pool(try fanout.address(), connections: 10, answer: "PING")
        try pool.use(10)
        try task.register(absent.address)
        let second = EchoServer()
        defer { second.stop() }
        try task.register(second.address)
        func share(_ servers: [EchoServer], _ expected: [Int]) throws {
            try fanout.wait("shares of \(expected)") {
                try pool.use(1)
                usleep(200_000)
                return servers.map(\.openCount) == expected
            }
        }
        try share([first, second], [5, 5])
        // One more where the next look came before one that was closed had been opened again.
        #expect((5...6).contains(closed(fanout)))
        #expect(try fanout.state().endpoints[absent.address.description] == 0)
        // Now it listens, and gets its share.
        absent.stop()
        let late = EchoServer(absent.address)
        defer { late.stop() }
        try fanout.wait("a share for the late one") {
            try pool.use(1)
            usleep(200_000)
            return late.openCount == 3 || late.openCount == 4
        }
        #expect(pool.failures.isEmpty)
        #expect(closed(fanout) <= 11)
    }

    private func closed(_ fanout: FanoutProcess) -> Int {
        fanout.access.count { $0["close"] as? String == "rebalanced" }
    }
}
