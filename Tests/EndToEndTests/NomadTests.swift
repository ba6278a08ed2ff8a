import Foundation
import NomadDouble
import Testing
import Traffic

/// A Nomad task as Fanout finds it: a secrets folder with the task API's socket and the workload identity's token.
final class NomadTask {
    let nomad: NomadDouble
    let folder: String
    private var identity: WorkloadToken
    var socket: String { folder + "/api.sock" }
    var token: String { folder + "/nomad_token" }

    init() throws {
        folder = NSTemporaryDirectory() + "nomad-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        nomad = NomadDouble()
        identity = nomad.mintToken()
        try TokenFile.write(identity.text, to: folder + "/nomad_token")
        try nomad.listen(at: folder + "/api.sock")
    }

    var environment: [String: String] {
        [
            "NOMAD_SECRETS_DIR": folder, "NOMAD_NAMESPACE": "default", "NOMAD_REGION": "global",
            "NOMAD_ALLOC_ID": UUID().uuidString,
        ]
    }

    /// Fanout for the service `redis`, as the job file of the README starts it.
    func fanout(_ more: [String] = []) throws -> FanoutProcess {
        try FanoutProcess(
            ["--service", "redis", "--listen-address", "127.0.0.1:0", "--workers", "2"] + more,
            environment: environment
        )
    }

    /// Registers a server of `redis`, and returns the registration's ID.
    @discardableResult
    func register(
        _ address: TrafficAddress,
        service: String = "redis",
        namespace: String = "default",
        tags: [String] = []
    )
        throws -> String
    {
        let host: String
        switch address {
        case .ipv4(let name, _), .ipv6(let name, _): host = name
        case .unix(let path): host = path
        }
        let row = Registration(
            service: service,
            address: host,
            port: Int(address.port ?? 0),
            namespace: namespace,
            tags: tags
        )
        nomad.upsert(row)
        return row.id
    }

    /// A new token in the file, as slowly as Nomad may write it; the old one is refused from then on.
    func rotateToken() throws {
        identity = try nomad.rotateToken(identity, file: token, pause: 20, splits: true)
    }

    func stop() {
        nomad.shutdown()
        try? FileManager.default.removeItem(atPath: folder)
    }
}

/// One request and its answer through the proxy.
func ask(_ address: TrafficAddress, within seconds: Double = 10) throws -> String {
    let client = try LineClient(to: address, within: seconds)
    defer { client.close() }
    try client.sendAll("hello\n", within: seconds)
    return try client.readLine(within: seconds)
}

@Suite(.serialized)
struct NomadTests {
    @Test func aServiceIsFoundAndFollowed() throws {
        let task = try NomadTask()
        let servers = (0..<3).map { _ in EchoServer() }
        defer {
            task.stop()
            for server in servers { server.stop() }
        }
        let first = try task.register(servers[0].address)
        let fanout = try task.fanout()
        defer { fanout.stop() }
        let address = try fanout.address()
        #expect(try ask(address) == "hello")
        #expect(servers[0].acceptedCount == 1)

        let held = try LineClient(to: address)
        try held.sendAll("held\n")
        #expect(try held.readLine() == "held")

        try task.register(servers[1].address)
        task.nomad.delete(id: first)
        try fanout.wait("the change") { try fanout.state().endpoints[servers[1].address.description] != nil }
        try fanout.wait("the removal") {
            fanout.messages("endpoints changed").contains { ($0["removed"] as? String)?.isEmpty == false }
        }
        let before = servers[0].acceptedCount
        for _ in 0..<10 { #expect(try ask(address) == "hello") }
        #expect(servers[0].acceptedCount == before)
        #expect(servers[1].acceptedCount == 10)
        // Established sessions are untouched by what happens to their endpoint's registration.
        try held.sendAll("still\n")
        #expect(try held.readLine() == "still")
        held.close()
        #expect(try fanout.quit() == 0)
        #expect(fanout.access.count == 12)
        #expect(fanout.access.allSatisfy { ($0["alloc"] as? String)?.count == 36 })
        #expect(fanout.access.allSatisfy { $0["service"] as? String == "redis" })
    }

    /// The listener is there before discovery has answered; clients wait within their budget and are served then.
    @Test func earlyClientsAreHeld() throws {
        let task = try NomadTask()
        let server = EchoServer()
        defer {
            task.stop()
            server.stop()
        }
        let fanout = try task.fanout(["--connect-budget", "30s"])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        try client.sendAll("early\n")
        try fanout.wait("a waiting client") { try fanout.state().total("waiting") == 1 }
        try task.register(server.address)
        #expect(try client.readLine() == "early")
    }

    @Test func withoutEndpointsTheBudgetEndsInAReset() throws {
        let task = try NomadTask()
        defer { task.stop() }
        let fanout = try task.fanout(["--connect-budget", "300ms", "--connect-timeout", "300ms"])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.address())
        #expect(try client.readUntilEnd().end == .reset)
        try fanout.wait("access log") { fanout.access.first?["close"] as? String == "no_endpoint" }
    }

    @Test func canariesAndUnusableRowsGetNothing() throws {
        let task = try NomadTask()
        let good = EchoServer()
        let canary = EchoServer()
        defer {
            task.stop()
            good.stop()
            canary.stop()
        }
        try task.register(good.address)
        try task.register(canary.address, tags: ["fanout.canary=1"])
        task.nomad.upsert(Registration(service: "redis", address: "", port: 0))
        let fanout = try task.fanout()
        defer { fanout.stop() }
        let address = try fanout.address()
        for _ in 0..<8 { #expect(try ask(address) == "hello") }
        #expect(good.acceptedCount == 8)
        #expect(canary.acceptedCount == 0)
    }

    @Test func severalServicesAndNamespacesInOneProcess() throws {
        let task = try NomadTask()
        let redis = EchoServer(greeting: Array("redis\n".utf8))
        let postgres = EchoServer(greeting: Array("postgres\n".utf8))
        let fixed = EchoServer(greeting: Array("fixed\n".utf8))
        defer {
            task.stop()
            for server in [redis, postgres, fixed] { server.stop() }
        }
        try task.register(redis.address)
        try task.register(postgres.address, service: "postgres", namespace: "data")
        let fanout = try FanoutProcess(
            [
                "--forward", "127.0.0.1:0=redis", "--forward", "127.0.0.1:0=postgres@data",
                "--forward", "127.0.0.1:0=\(fixed.address)",
            ],
            environment: task.environment
        )
        defer { fanout.stop() }
        for (index, expected) in ["redis", "postgres", "fixed"].enumerated() {
            #expect(try LineClient(to: try fanout.address(index)).readLine() == expected)
        }
    }

    /// Whatever the API does, connections go on and the last good endpoints stay.
    @Test func troubleWithTheAPICostsNoConnection() throws {
        let task = try NomadTask()
        let server = EchoServer()
        let later = EchoServer()
        defer {
            task.stop()
            server.stop()
            later.stop()
        }
        try task.register(server.address)
        let fanout = try task.fanout()
        defer { fanout.stop() }
        let address = try fanout.address()
        let held = try LineClient(to: address)
        func allIsWell() throws {
            try held.sendAll("held\n")
            #expect(try held.readLine() == "held")
            #expect(try ask(address) == "hello")
        }
        try allIsWell()
        let faults: [NomadFault] = [
            .agentShutdown, .index(.missing), .index(.text("0")), .index(.lower(by: 5)), .body(.truncated),
            .body(.null), .body(.wrongTypes),
            .body(.invalidUTF8), .body(.nested(depth: 10_000)), .framing(.endBeforeLastChunk), .framing(.reset),
            .status(500, body: "Server error authenticating request\n"), .status(403, body: "Forbidden"),
        ]
        for fault in faults {
            try fanout.wait("a parked query") { task.nomad.parkedQueries(service: "redis") == 1 }
            task.nomad.inject(fault, times: 1, service: "redis")
            task.nomad.releaseParkedQueries()
            try fanout.wait("\(fault) to be met") { task.nomad.armedFaults.isEmpty }
            try allIsWell()
        }
        task.nomad.crash(.taskAPI)
        try allIsWell()
        try task.nomad.restart(.taskAPI)
        try allIsWell()
        try task.rotateToken()
        fanout.signal(SIGHUP)
        try allIsWell()
        // And it still follows.
        try task.register(later.address)
        try fanout.wait("the new endpoint", within: 40) {
            try fanout.state().endpoints[later.address.description] != nil
        }
        try allIsWell()
        #expect(try fanout.state().endpoints.keys.contains(server.address.description))
    }

    /// A burst of changes: the last state wins.
    @Test func theLastOfManyChangesWins() throws {
        let task = try NomadTask()
        let servers = (0..<4).map { _ in EchoServer() }
        defer {
            task.stop()
            for server in servers { server.stop() }
        }
        let fanout = try task.fanout()
        defer { fanout.stop() }
        let address = try fanout.address()
        try task.register(servers[0].address)
        #expect(try ask(address) == "hello")
        for round in 0..<300 {
            let id = try task.register(servers[1 + round % 2].address)
            task.nomad.delete(id: id)
        }
        try task.register(servers[3].address)
        try fanout.wait("the last state") {
            Set(try fanout.state().endpoints.keys) == [servers[0].address.description, servers[3].address.description]
        }
        #expect(try ask(address) == "hello")
    }

    @Test func namesAreResolvedOffTheWorkers() throws {
        let server = EchoServer()
        defer { server.stop() }
        let port = try #require(server.address.port)
        let fanout = try FanoutProcess(["--listen-address", "127.0.0.1:0", "--endpoint", "localhost:\(port)"])
        defer { fanout.stop() }
        #expect(try ask(try fanout.address()) == "hello")
    }
}
