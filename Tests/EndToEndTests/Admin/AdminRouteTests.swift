import Foundation
import Testing
import Traffic

/// Every route of the admin endpoint, and HTTP itself.
@Suite(.serialized)
struct AdminRouteTests {
    static let routes = ["/", "/metrics", "/ready", "/live", "/status", "/endpoints", "/connections"]

    @Test func everyRouteAnswers() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try observedProxy(to: [server.address])
        defer { fanout.stop() }
        let admin = try fanout.admin()
        for route in Self.routes {
            let answer = try admin.get(route)
            #expect(answer.status == 200, "\(route): \(answer.text)")
            #expect(!answer.body.isEmpty)
            #expect(answer.headers["cache-control"] == "no-store")
            let type = try #require(answer.headers["content-type"])
            switch route {
            case "/": #expect(type == "text/html; charset=utf-8" && answer.text.hasPrefix("<!doctype html>"))
            case "/metrics": #expect(type == "text/plain; version=0.0.4; charset=utf-8")
            default:
                #expect(type == "application/json")
                _ = try answer.json()
            }
        }
        #expect(try admin.get("/nowhere").status == 404)
        #expect(try admin.get("/metrics/").status == 404)
        #expect(try admin.get("/live?x=y").status == 200)
    }

    @Test func statusSaysWhatRuns() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try observedProxy(to: [server.address], ["--max-connections", "77"])
        defer { fanout.stop() }
        let status = try fanout.admin().json("/status")
        #expect(status["pid"] as? Int == Int(fanout.pid))
        #expect(status["state"] as? String == "ready")
        #expect(status["reasons"] as? [String] == [])
        #expect(status["max_connections"] as? Int == 77)
        #expect((status["workers"] as? [Any])?.count == 2)
        let driver = fanout.messages("fanout started").last?["driver"] as? String
        #expect(status["driver"] as? String == driver)
        let service = try #require((status["services"] as? [[String: Any]])?.first)
        #expect(service["service"] as? String == "static")
        #expect(service["listen"] as? String == (try fanout.address().description))
        #expect(service["endpoints"] as? [String: Int] == ["ready": 1])
        let events = try #require(status["events"] as? [[String: Any]])
        #expect(events.contains { ($0["text"] as? String)?.hasPrefix("endpoints changed ") == true })
        #expect(events.allSatisfy { $0["level"] as? String == "info" && ($0["time"] as? Double ?? 0) > 1e9 })
    }

    /// One that logs nothing but disasters.
    private func silentFanout() throws -> (FanoutProcess, AdminClient) {
        let path = NSTemporaryDirectory() + "fanout-admin-\(UUID().uuidString.prefix(8)).sock"
        let fanout = try FanoutProcess(
            ["--endpoint", "127.0.0.1:1", "--listen-address", "127.0.0.1:0", "--log-level", "critical"]
                + ["--admin-address", "unix:\(path)"]
        )
        let admin = AdminClient(address: .unix(path))
        try fanout.wait("admin endpoint") { (try? admin.get("/live"))?.status == 200 }
        return (fanout, admin)
    }

    /// Events are worth a look whatever the log's own level is.
    @Test func eventsDoNotDependOnTheLogLevel() throws {
        let (fanout, admin) = try silentFanout()
        defer { fanout.stop() }
        let events = try #require(try admin.json("/status")["events"] as? [[String: Any]])
        #expect(events.contains { ($0["text"] as? String)?.hasPrefix("listening ") == true })
        #expect(fanout.output.isEmpty)
        #expect(try fanout.quit() == 0)
    }

    /// Who asks for a dump gets it at any log level; and it does not push out what has happened.
    @Test func aStateDumpIsWrittenAlwaysAndIsNoEvent() throws {
        let (fanout, admin) = try silentFanout()
        defer { fanout.stop() }
        fanout.signal(SIGUSR1)
        try fanout.wait("the dump") { !fanout.messages("state ends").isEmpty }
        #expect(fanout.messages("state").count == 1)
        #expect(fanout.messages("state of worker").count > 0)
        let events = try #require(try admin.json("/status")["events"] as? [[String: Any]])
        #expect(!events.contains { ($0["text"] as? String)?.hasPrefix("state") == true })
    }

    @Test func onlyGetIsServed() throws {
        let fanout = try observedProxy(to: [.ipv4("127.0.0.1", port: 1)])
        defer { fanout.stop() }
        let address = try fanout.admin().address
        for method in ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT"] {
            let target = method == "CONNECT" ? "a:1" : "/metrics"
            let client = try LineClient(to: address)
            try client.sendAll("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
            let answer = String(decoding: try client.readUntilEnd().bytes, as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 405 "), "\(method): \(answer)")
            #expect(answer.contains("\r\nAllow: GET\r\n"), "\(method): \(answer)")
        }
    }

    @Test func aConnectionIsKeptAndRequestsMayBeAhead() throws {
        let fanout = try observedProxy(to: [.ipv4("127.0.0.1", port: 1)])
        defer { fanout.stop() }
        let client = try LineClient(to: try fanout.admin().address)
        let live = "GET /live HTTP/1.1\r\nHost: a\r\n\r\n"
        try client.sendAll(live + live)
        try client.sendAll("GET /connections HTTP/1.1\r\nHost: a\r\n\r\n" + live)
        try client.sendAll("GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        let answers = try AdminClient.answers(in: try client.readUntilEnd().bytes)
        #expect(answers.map(\.status) == [200, 200, 200, 200, 200])
        #expect(answers.last?.text.hasPrefix("{\"ready\":true") == true)
    }

    /// However many requests are ahead: each has its answer, in order, and others get theirs meanwhile.
    @Test func aThousandRequestsAheadAreAnswered() throws {
        let fanout = try observedProxy(to: [.ipv4("127.0.0.1", port: 1)])
        defer { fanout.stop() }
        let admin = try fanout.admin()
        let client = try LineClient(to: admin.address)
        let request = "GET /live HTTP/1.1\r\nHost: a\r\n\r\n"
        try client.sendAll(String(repeating: request, count: 1_000))
        #expect(try admin.get("/live").status == 200)
        try client.sendAll("GET /nowhere HTTP/1.1\r\nConnection: close\r\n\r\n")
        let answers = try AdminClient.answers(in: try client.readUntilEnd(within: 60).bytes)
        #expect(answers.count == 1_001)
        #expect(answers.dropLast().allSatisfy { $0.status == 200 })
        #expect(answers.last?.status == 404)
    }

    /// As netcat does it.
    @Test func aClientMayEndItsStreamBeforeTheAnswer() throws {
        let fanout = try observedProxy(to: [.ipv4("127.0.0.1", port: 1)])
        defer { fanout.stop() }
        for route in ["/connections", "/status"] {
            let client = try LineClient(to: try fanout.admin().address)
            try client.sendAll("GET \(route) HTTP/1.1\r\nHost: a\r\n\r\n")
            client.halfClose()
            let (bytes, end) = try client.readUntilEnd()
            #expect(try AdminClient.answers(in: bytes).map(\.status) == [200])
            #expect(end == .endOfStream)
        }
    }

    @Test func anOldClientGetsItsEnd() throws {
        let fanout = try observedProxy(to: [.ipv4("127.0.0.1", port: 1)])
        defer { fanout.stop() }
        let answer = try AdminClient.answer(to: "GET /live HTTP/1.0\r\n\r\n", at: try fanout.admin().address)
        #expect(answer.status == 200)
    }

    @Test func aUnixSocketServesAndGoesWithTheProcess() throws {
        let path = NSTemporaryDirectory() + "fanout-admin-\(UUID().uuidString.prefix(8)).sock"
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address], ["--admin-address", "unix:\(path)"])
        defer { fanout.stop() }
        let admin = try fanout.admin()
        #expect(admin.address == .unix(path))
        for route in Self.routes { #expect(try admin.get(route).status == 200) }
        // A second one on a living socket is refused, and leaves it alone.
        let second = try proxy(to: [server.address], ["--admin-address", "unix:\(path)"])
        defer { second.stop() }
        #expect(try second.exitCode() == 69)
        #expect(try admin.get("/live").status == 200)
        #expect(try fanout.quit() == 0)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func aTakenAddressIsRefused() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try proxy(to: [server.address], ["--admin-address", server.address.description])
        defer { fanout.stop() }
        #expect(try fanout.exitCode() == 69)
        try fanout.wait("the reason") { fanout.output.contains("cannot listen on \(server.address)") }
    }
}
