import Foundation
import Testing

@testable import Fanout

@Suite struct DoctorReportTests {
    private let report = DoctorReport(findings: [
        .ok(.kernel, "io_uring works"),
        .warning(.memory, "little\nof it", cure: Cure(.resources, "memory = 64")),
        .failure(.token, "none", cure: NomadCheck.identity),
    ])

    @Test func oneLineEachAndTheCureBelow() {
        let expected = """
            ok       kernel       io_uring works
            warning  memory       little\\nof it
                                  in the task's resources: memory = 64
            failure  token        none
                                  in the task: identity { file = true }
            1 ok, 1 to look at, 1 failed

            """
        #expect(report.text == expected)
    }

    @Test func failuresAloneMakeTheExitCode() {
        #expect(report.exitCode == .failure)
        #expect(DoctorReport(findings: Array(report.findings.prefix(2))).exitCode == .clean)
    }

    @Test func json() throws {
        let object = try #require(try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
        #expect(object["failures"] as? Int == 1)
        #expect(object["warnings"] as? Int == 1)
        let findings = try #require(object["findings"] as? [[String: Any]])
        #expect(findings.map { $0["verdict"] as? String } == ["ok", "warning", "failure"])
        #expect(
            (findings[2]["cure"] as? [String: String]) == ["place": "in the task", "line": "identity { file = true }"]
        )
    }

    @Test func theCommandLine() {
        let flags = ["--service", "redis", "--listen-address", "127.0.0.1:0"]
        guard case .examine(let configuration, let machine, let json) = invoke(["doctor", "--json"] + flags) else {
            Issue.record("no examination")
            return
        }
        #expect(json && machine == .ordinary)
        // Without an address of Nomad it is the doctor who says so.
        #expect(configuration.nomad.address == nil && configuration.needsNomad)
        guard case .refuse(.usage, let text) = invoke(["doctor", "--workers", "0"] + flags) else {
            Issue.record("not refused")
            return
        }
        #expect(text.contains("--workers must be"))
    }
}
