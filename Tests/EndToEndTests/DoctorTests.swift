import Foundation
import NomadDouble
import Testing
import Traffic

/// `fanout doctor` where a task would run it.
@Suite(.serialized)
struct DoctorTests {
    private struct Diagnosis {
        let code: Int32
        let output: String
        let findings: [[String: Any]]

        func verdict(_ check: String) -> String? {
            findings.first { $0["check"] as? String == check }?["verdict"] as? String
        }

        func text(_ check: String) -> String {
            findings.first { $0["check"] as? String == check }?["text"] as? String ?? ""
        }

        func cure(_ check: String) -> String? {
            let finding = findings.first { $0["check"] as? String == check }
            return (finding?["cure"] as? [String: String])?["line"]
        }
    }

    private func diagnose(
        _ arguments: [String],
        environment: [String: String] = [:],
        descriptors: Int? = nil,
        refusing: [(call: Int, errno: Int32)] = []
    ) throws -> Diagnosis {
        let doctor = try FanoutProcess(
            ["doctor", "--json"] + arguments,
            environment: environment,
            descriptors: descriptors,
            refusing: refusing
        )
        defer { doctor.stop() }
        let code = try doctor.exitCode()
        let object = try JSONSerialization.jsonObject(with: Data(doctor.output.utf8)) as? [String: Any]
        return Diagnosis(code: code, output: doctor.output, findings: object?["findings"] as? [[String: Any]] ?? [])
    }

    private let redis = ["--service", "redis", "--listen-address", "127.0.0.1:0"]

    @Test func aTaskInOrder() throws {
        let task = try NomadTask()
        defer { task.stop() }
        try task.register(.ipv4("127.0.0.1", port: 1))
        let diagnosis = try diagnose(redis, environment: task.environment)
        #expect(diagnosis.code == 0, "\(diagnosis.output)")
        for check in ["listen", "nomad", "token", "service"] { #expect(diagnosis.verdict(check) == "ok") }
        #expect(diagnosis.text("service").contains("redis in namespace default: 1 endpoint"))
        let token = try String(contentsOfFile: task.token, encoding: .utf8)
        #expect(!diagnosis.output.contains(token))
        #expect(!diagnosis.output.contains(try #require(token.split(separator: ".").last)))
    }

    @Test func aServiceThatNomadDoesNotKnow() throws {
        let task = try NomadTask()
        defer { task.stop() }
        let diagnosis = try diagnose(redis, environment: task.environment)
        #expect(diagnosis.code == 0)
        #expect(diagnosis.verdict("service") == "warning")
        #expect(diagnosis.cure("service") == #"provider = "nomad""#)
    }

    @Test func withoutATokenOrWithAWrongOne() throws {
        let task = try NomadTask()
        defer { task.stop() }
        try "9d1c3a52-7f0e-4a55-9d0c-1d2b3c4d5e6f".write(toFile: task.token, atomically: true, encoding: .utf8)
        let wrong = try diagnose(redis, environment: task.environment)
        #expect(wrong.code == 1)
        #expect(wrong.verdict("token") == "ok")
        #expect(wrong.verdict("service") == "failure")
        #expect(wrong.cure("service") == "identity { file = true }")
        #expect(!wrong.output.contains("9d1c3a52"))
        try FileManager.default.removeItem(atPath: task.token)
        let none = try diagnose(redis, environment: task.environment)
        #expect(none.code == 1)
        #expect(none.verdict("token") == "failure")
        #expect(none.cure("token") == "identity { file = true }")
    }

    @Test func outsideOfNomad() throws {
        let diagnosis = try diagnose(redis)
        #expect(diagnosis.code == 1)
        #expect(diagnosis.verdict("nomad") == "failure")
        let gone = try diagnose(redis, environment: ["NOMAD_SECRETS_DIR": "/nonexistent"])
        #expect(gone.text("nomad").contains("/nonexistent/api.sock is not there"))
    }

    @Test func aContainerThatRefusesRings() throws {
        let fixed = ["--endpoint", "localhost:1", "--listen-address", "127.0.0.1:0"]
        for (call, errno) in [(425, EPERM), (426, EPERM), (427, EPERM), (425, ENOSYS)] {
            let refusal = [(call: call, errno: errno)]
            let auto = try diagnose(fixed + ["--driver", "auto"], refusing: refusal)
            #expect(auto.code == 0, "\(auto.output)")
            #expect(auto.verdict("kernel") == "warning")
            #expect(auto.cure("kernel") == #"security_opt = ["seccomp=/etc/nomad.d/fanout-seccomp.json"]"#)
            let asked = try diagnose(fixed + ["--driver", "io_uring"], refusing: refusal)
            #expect(asked.code == 1)
            #expect(asked.verdict("kernel") == "failure")
        }
        let splice = try diagnose(fixed, refusing: [(call: 275, errno: EPERM)])
        #expect(splice.verdict("splice") == "warning")
        #expect(splice.verdict("endpoint") == "ok", "\(splice.output)")
    }

    @Test func aTakenAddressAndAnOwnOne() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fixed = ["--endpoint", "127.0.0.1:1", "--listen-address"]
        let taken = try diagnose(fixed + [server.address.description])
        #expect(taken.code == 1)
        #expect(taken.verdict("listen") == "failure")
        #expect(taken.cure("listen") == "--listen-address 127.0.0.1:0")
        let forward = try diagnose(["--forward", "\(server.address)=127.0.0.1:1"])
        #expect(forward.cure("listen") == #""--forward", "127.0.0.1:0=127.0.0.1:1","#)
        let folder = NSTemporaryDirectory() + "doctor-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for listen in ["127.0.0.1:0", "unix:\(folder)/a.sock"] {
            let fanout = try proxy(to: [server.address], listen: listen)
            defer { fanout.stop() }
            let own = try diagnose(fixed + [try fanout.address().description])
            #expect(own.code == 0, "\(own.output)")
            #expect(own.text("listen").contains("held by fanout itself (process \(fanout.pid))"))
            #expect(try fanout.quit() == 0)
        }
        let free = try diagnose(fixed + ["unix:\(folder)/a.sock"])
        #expect(free.verdict("listen") == "ok")
        #expect(!FileManager.default.fileExists(atPath: folder + "/a.sock"))
    }

    @Test func theAdminAddress() throws {
        let server = EchoServer()
        defer { server.stop() }
        let folder = NSTemporaryDirectory() + "doctor-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let fixed = ["--endpoint", "127.0.0.1:1", "--listen-address", "127.0.0.1:0", "--admin-address"]
        let without = try diagnose(Array(fixed.dropLast()))
        #expect(without.verdict("admin") == nil)
        let taken = try diagnose(fixed + [server.address.description])
        #expect(taken.code == 1)
        #expect(taken.verdict("admin") == "failure")
        #expect(taken.cure("admin") == #""--admin-address", "unix:/alloc/tmp/fanout.sock","#)
        let open = try diagnose(fixed + [":0"])
        #expect(open.code == 0, "\(open.output)")
        #expect(
            open.findings.filter { $0["check"] as? String == "admin" }.map { $0["verdict"] as? String } == [
                "ok", "warning",
            ]
        )

        let path = folder + "/admin.sock"
        let fanout = try proxy(to: [server.address], ["--admin-address", "unix:\(path)"])
        defer { fanout.stop() }
        _ = try fanout.admin()
        let own = try diagnose(fixed + ["unix:\(path)"])
        #expect(own.text("admin").contains("held by fanout itself (process \(fanout.pid))"), "\(own.output)")
        try fanout.endByKill()
        #expect(FileManager.default.fileExists(atPath: path))
        let stale = try diagnose(fixed + ["unix:\(path)"])
        #expect(stale.text("admin").contains("a process that is gone has left its socket file"), "\(stale.output)")
        try "not a socket".write(toFile: path, atomically: false, encoding: .utf8)
        let file = try diagnose(fixed + ["unix:\(path)"])
        #expect(file.code == 1)
        #expect(file.text("admin").contains("a file that is no socket is there"), "\(file.output)")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "not a socket")
    }

    @Test(arguments: [[], ["--admin-address", "127.0.0.1:0"]])
    func fewDescriptors(more: [String]) throws {
        let fixed = ["--endpoint", "127.0.0.1:1", "--listen-address", "127.0.0.1:0"]
        let diagnosis = try diagnose(fixed + more, descriptors: 512)
        #expect(diagnosis.verdict("descriptors") == "warning")
        #expect(diagnosis.cure("descriptors") == #"ulimit { nofile = "65536:65536" }"#)
    }

    @Test func aWrongCommandLine() throws {
        let doctor = try FanoutProcess(["doctor", "--endpoint", "127.0.0.1", "--log-format", "text"])
        defer { doctor.stop() }
        #expect(try doctor.exitCode() == 64)
    }
}
