import Foundation
import NomadDouble
import Testing
import Traffic

/// `/ready` from the start over an outage to the drain, and `/live` all the time.
@Suite(.serialized)
struct AdminReadyTests {
    private static func ready(_ admin: AdminClient) throws -> (status: Int, json: [String: Any]) {
        let answer = try admin.get("/ready")
        return (answer.status, try answer.json())
    }

    @Test func discoveryMustHaveAnsweredForEachService() throws {
        let task = try NomadTask()
        let server = EchoServer()
        defer {
            task.stop()
            server.stop()
        }
        task.nomad.inject(.status(500, body: "no"), times: nil, service: "redis")
        task.nomad.inject(.status(500, body: "no"), times: nil, service: "postgres")
        let fanout = try FanoutProcess(
            ["--forward", "127.0.0.1:0=redis", "--forward", "127.0.0.1:0=postgres"]
                + ["--forward", "127.0.0.1:0=\(server.address)", "--admin-address", "127.0.0.1:0"],
            environment: task.environment
        )
        defer { fanout.stop() }
        let admin = try fanout.admin()
        let (status, json) = try Self.ready(admin)
        #expect(status == 503)
        #expect(json["ready"] as? Bool == false)
        #expect(
            json["reasons"] as? [String]
                == ["discovery has not answered for redis", "discovery has not answered for postgres"]
        )
        #expect(try admin.json("/status")["state"] as? String == "starting")
        #expect(try admin.get("/live").status == 200)
        #expect(try admin.metrics()[#"fanout_discovery_index{service="redis"}"#] == 0)

        // An empty answer is one.
        task.nomad.clearFaults()
        fanout.signal(SIGHUP)
        try fanout.wait("readiness", within: 60) { try Self.ready(admin).status == 200 }
        let services = try #require(try Self.ready(admin).json["services"] as? [[String: Any]])
        #expect(services.map { $0["service"] as? String } == ["redis", "postgres", "static"])
        #expect(services.map { $0["age_seconds"] is Double } == [true, true, false])
        #expect(try admin.json("/status")["state"] as? String == "ready")
    }

    @Test func anOutageDoesNotFlipIt() throws {
        let task = try NomadTask()
        let server = EchoServer()
        defer {
            task.stop()
            server.stop()
        }
        try task.register(server.address)
        let fanout = try task.fanout(["--admin-address", "127.0.0.1:0"])
        defer { fanout.stop() }
        let admin = try fanout.admin()
        try fanout.wait("readiness") { try Self.ready(admin).status == 200 }
        func discovery() throws -> [String: Any] {
            let services = try #require(try admin.json("/status")["services"] as? [[String: Any]])
            return try #require(services.first?["discovery"] as? [String: Any])
        }
        #expect(try discovery()["failing"] as? Bool == false)
        #expect(try discovery()["source"] as? String == "nomad")
        task.nomad.crash(.taskAPI)
        try fanout.wait("the outage") { try discovery()["failing"] as? Bool == true }
        #expect(try Self.ready(admin).status == 200)
        let errors = #"fanout_discovery_errors_total{service="redis",reason="unreachable"}"#
        try fanout.wait("its count") { (try admin.metrics()[errors] ?? 0) > 0 }
        let before = try #require(try discovery()["age_seconds"] as? Double)
        try fanout.wait("a growing age") { (try discovery()["age_seconds"] as? Double ?? 0) > before }
        #expect(try ask(try fanout.address()) == "hello")
    }

    @Test func aDrainIsToldUntilTheEnd() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try observedProxy(to: [server.address])
        defer { fanout.stop() }
        let admin = try fanout.admin()
        let client = try LineClient(to: try fanout.address())
        try client.sendAll("x\n")
        #expect(try client.readLine() == "x")
        #expect(try Self.ready(admin).status == 200)
        fanout.signal(SIGQUIT)
        try fanout.wait("the drain") { try Self.ready(admin).status == 503 }
        #expect(try Self.ready(admin).json["reasons"] as? [String] == ["draining"])
        #expect(try admin.json("/status")["state"] as? String == "draining")
        #expect(try admin.get("/live").status == 200)
        #expect((try admin.metrics()[#"fanout_connections_active{service="static"}"#]) == 1)
        client.close()
        #expect(try fanout.exitCode() == 0)
    }
}
