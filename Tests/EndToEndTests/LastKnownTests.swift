import Foundation
import NomadDouble
import Testing
import Traffic

/// Fanout starts while Nomad does not answer, and serves what it knew (`--state-file`).
@Suite(.serialized)
struct LastKnownTests {
    static let drivers = ["io_uring", "epoll"]
    private static let used = "discovery has not answered yet: the last known endpoints are used"

    private let task: NomadTask
    private let folder: String
    private var path: String { folder + "/state.json" }

    init() throws {
        task = try NomadTask()
        folder = task.folder + "/state"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// Learns the endpoint of one server, and ends; returns the ID of its registration.
    @discardableResult
    private func learn(_ server: EchoServer) throws -> String {
        let id = try task.register(server.address)
        let fanout = try task.fanout(["--state-file", path])
        defer { fanout.stop() }
        #expect(try ask(try fanout.address()) == "hello")
        // It is there without an orderly end.
        let port = "\"port\":\(server.address.port ?? 0)"
        try fanout.wait("the state file") {
            (try? String(contentsOfFile: path, encoding: .utf8))?.contains(port) == true
        }
        #expect(fanout.messages(Self.used).isEmpty)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) is [String: Any])
        return id
    }

    @Test(arguments: drivers) func itServesWithoutNomadAndFollowsItLater(driver: String) throws {
        let (server, later) = (EchoServer(), EchoServer())
        defer {
            task.stop()
            server.stop()
            later.stop()
        }
        let id = try learn(server)
        task.nomad.crash(.taskAPI)
        let fanout = try task.fanout(["--state-file", path, "--driver", driver])
        defer { fanout.stop() }
        let address = try fanout.address()
        #expect(try ask(address) == "hello")
        try fanout.wait("the line about it") { !fanout.messages(Self.used).isEmpty }
        let line = try #require(fanout.messages(Self.used).first)
        #expect(line["level"] as? String == "warning")
        #expect(line["endpoints"] as? String == "1")
        #expect(Int(line["age_s"] as? String ?? "") != nil)

        // The first answer takes the place of what was known.
        try task.nomad.restart(.taskAPI)
        try task.register(later.address)
        task.nomad.delete(id: id)
        fanout.signal(SIGHUP)
        try fanout.wait("the change", within: 40) {
            try fanout.state().endpoints[later.address.description] != nil
                && fanout.messages("endpoints changed").contains { ($0["removed"] as? String)?.isEmpty == false }
        }
        let before = server.acceptedCount
        for _ in 0..<4 { #expect(try ask(address) == "hello") }
        #expect(server.acceptedCount == before)
        #expect(fanout.messages(Self.used).count == 1)
        #expect(try fanout.quit() == 0)
    }

    /// What is used meanwhile is no answer: whoever waits for Nomad's still waits.
    @Test func itIsNotReadyBeforeNomadHasAnswered() throws {
        let server = EchoServer()
        defer {
            task.stop()
            server.stop()
        }
        try learn(server)
        task.nomad.crash(.taskAPI)
        let fanout = try task.fanout(["--state-file", path, "--admin-address", "127.0.0.1:0"])
        defer { fanout.stop() }
        #expect(try ask(try fanout.address()) == "hello")
        let admin = try fanout.admin()
        let answer = try admin.get("/ready")
        #expect(answer.status == 503)
        #expect(
            try answer.json()["reasons"] as? [String]
                == ["discovery has not answered for redis; the last known endpoints are in use meanwhile"]
        )
        #expect(try admin.json("/status")["state"] as? String == "starting")
        try task.nomad.restart(.taskAPI)
        fanout.signal(SIGHUP)
        try fanout.wait("readiness", within: 40) { try admin.get("/ready").status == 200 }
        #expect(try fanout.quit() == 0)
    }

    /// Nomad answers, but with a name that nobody knows: nothing was found, and what was known is not forgotten.
    @Test func aNameThatDoesNotResolveIsNoAnswer() throws {
        let server = EchoServer()
        defer {
            task.stop()
            server.stop()
        }
        let id = try learn(server)
        try task.register(.ipv4("nowhere.invalid", port: 1))
        task.nomad.delete(id: id)
        let fanout = try task.fanout(
            ["--state-file", path, "--connect-budget", "30s", "--admin-address", "127.0.0.1:0"]
        )
        defer { fanout.stop() }
        #expect(try ask(try fanout.address(), within: 30) == "hello")
        try fanout.wait("the line about it") { fanout.messages(Self.used).count == 1 }
        try fanout.wait("a failed lookup", within: 60) { fanout.messages("a name does not resolve").count == 1 }
        #expect(try fanout.admin().get("/ready").status == 503)
        #expect(try ask(try fanout.address()) == "hello")
        #expect(try fanout.quit() == 0)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains("\"port\":\(server.address.port ?? 0)"))
    }

    /// No failure, and no answer either.
    @Test func aSilentNomadIsWaitedForTwoSeconds() throws {
        let server = EchoServer()
        defer {
            task.stop()
            server.stop()
        }
        try learn(server)
        task.nomad.inject(.framing(.silence), times: 1_000, service: "redis")
        let fanout = try task.fanout(["--state-file", path])
        defer { fanout.stop() }
        #expect(try ask(try fanout.address()) == "hello")
        try fanout.wait("the line about it") { fanout.messages(Self.used).count == 1 }
    }

    @Test func aDamagedFileIsOneWarningAndNoMore() throws {
        let server = EchoServer()
        defer {
            task.stop()
            server.stop()
        }
        try learn(server)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        task.nomad.crash(.taskAPI)
        let fanout = try task.fanout(["--state-file", path, "--connect-budget", "30s"])
        defer { fanout.stop() }
        // As without the flag: the client waits until Nomad answers.
        let client = try LineClient(to: try fanout.address())
        try client.sendAll("early\n")
        try fanout.wait("a waiting client") { try fanout.state().total("waiting") == 1 }
        try fanout.wait("failed discovery") {
            fanout.log.contains { ($0["message"] as? String ?? "").hasPrefix("discovery fails") }
        }
        try fanout.wait("a warning") {
            fanout.log.contains { ($0["message"] as? String ?? "").contains("state file") }
        }
        let warnings = fanout.log.filter { ($0["message"] as? String ?? "").contains("state file") }
        #expect(warnings.count == 1)
        let message = try #require(warnings.first?["message"] as? String)
        #expect(message.contains("checksum"))
        #expect(fanout.messages(Self.used).isEmpty)
        try task.nomad.restart(.taskAPI)
        fanout.signal(SIGHUP)
        #expect(try client.readLine(within: 30) == "early")
        client.close()
        #expect(try fanout.quit() == 0)
        // It is whole again.
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains("\"port\":\(server.address.port ?? 0)"))
    }

    /// A folder that cannot be written in costs the file, not the service.
    @Test func aMissingFolderIsAWarning() throws {
        let server = EchoServer()
        defer {
            task.stop()
            server.stop()
        }
        try task.register(server.address)
        let fanout = try task.fanout(["--state-file", task.folder + "/missing/state.json"])
        defer { fanout.stop() }
        #expect(try ask(try fanout.address()) == "hello")
        try fanout.wait("a warning") {
            fanout.log.contains { ($0["message"] as? String ?? "").hasPrefix("the state file cannot be written") }
        }
        #expect(try fanout.quit() == 0)
    }
}
