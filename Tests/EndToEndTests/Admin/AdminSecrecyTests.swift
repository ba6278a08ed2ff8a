import Foundation
import NomadDouble
import Testing
import Traffic

/// The token is in no answer, whatever goes wrong with it.
@Suite(.serialized)
struct AdminSecrecyTests {
    @Test func noAnswerHoldsTheToken() throws {
        let task = try NomadTask()
        let server = EchoServer()
        defer {
            task.stop()
            server.stop()
        }
        try task.register(server.address)
        let secret = "5ec7e7aa-1234-4321-abcd-feedfacecafe"
        let fanout = try FanoutProcess(
            ["--service", "redis", "--listen-address", "127.0.0.1:0", "--log-level", "trace"]
                + ["--admin-address", "127.0.0.1:0"],
            environment: task.environment.merging(["NOMAD_TOKEN": secret]) { $1 }
        )
        defer { fanout.stop() }
        let admin = try fanout.admin()
        let first = try String(contentsOfFile: task.token, encoding: .utf8)
        try fanout.wait("an answer") { try admin.get("/ready").status == 200 }
        func expectSecrecy(_ token: String, _ when: String) throws {
            for route in AdminRouteTests.routes + ["/\(token)", "/connections?limit=\(token)"] {
                let answer = try admin.get(route)
                // The signature alone would be enough for a thief.
                for part in [token] + token.split(separator: ".").suffix(1).map(String.init) + [secret] {
                    #expect(!answer.text.contains(part), "\(route) \(when)")
                }
            }
        }
        try expectSecrecy(first, "at first")
        // An agent that refuses it.
        task.nomad.inject(.status(403, body: "Permission denied"), times: 3, service: "redis")
        task.nomad.releaseParkedQueries()
        try fanout.wait("the refusals") { task.nomad.armedFaults.isEmpty }
        try expectSecrecy(first, "after a refusal")
        // A file that is half written, then a new token.
        try secret.write(toFile: task.token, atomically: true, encoding: .utf8)
        fanout.signal(SIGHUP)
        let errors = #"fanout_discovery_errors_total{service="redis",reason="refused"}"#
        try fanout.wait("the wrong token", within: 60) { (try admin.metrics()[errors] ?? 0) > 3 }
        try expectSecrecy(first, "with another token in the file")
    }
}
