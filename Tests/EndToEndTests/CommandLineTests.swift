import Foundation
import Testing
import Traffic

/// What scripts rely on: exit codes and one clear line.
@Suite
struct CommandLineTests {
    private func run(_ arguments: [String], _ environment: [String: String] = [:]) throws -> (Int32, String) {
        let fanout = try FanoutProcess(arguments + ["--log-format", "text"], environment: environment)
        defer { fanout.stop() }
        let code = try fanout.exitCode()
        return (code, fanout.output)
    }

    @Test(arguments: [
        (["--nonsense"], "--nonsense"),
        (["--endpoint", "127.0.0.1:1", "--workers", "0"], "--workers"),
        (["--endpoint", "127.0.0.1:1", "--balance", "fastest"], "--balance"),
        (["--endpoint", "127.0.0.1:1", "--driver", "kqueue"], "--driver"),
        (["--endpoint", "127.0.0.1"], "--endpoint"),
        (["--endpoint", "127.0.0.1:1", "--admin-address", "localhost:1"], "--admin-address"),
        ([], "--service"),
    ])
    func usageErrors(_ arguments: [String], _ named: String) throws {
        let (code, output) = try run(arguments)
        #expect(code == 64)
        #expect(output.split(separator: "\n").first?.contains(named) == true, "\(output)")
        #expect(output.split(separator: "\n").count <= 4)
    }

    @Test func aTakenAddressIsAnErrorAlthoughItCouldBeShared() throws {
        let server = EchoServer()
        defer { server.stop() }
        let first = try proxy(to: [server.address])
        defer { first.stop() }
        let address = try first.address()
        let (code, output) = try run(["--listen-address", address.description, "--endpoint", "127.0.0.1:1"])
        #expect(code == 69)
        #expect(output.contains(address.description))
        #expect(try first.quit() == 0)
    }

    @Test func anAddressOfAnotherMachineIsNotAvailable() throws {
        let (code, output) = try run(["--listen-address", "192.0.2.1:0", "--endpoint", "127.0.0.1:1"])
        #expect(code == 69)
        #expect(output.contains("192.0.2.1"))
    }

    @Test func withoutNomadThereIsNothingToAsk() throws {
        let (code, output) = try run(["--service", "redis", "--listen-address", "127.0.0.1:0"])
        #expect(code == 78)
        #expect(output.contains("NOMAD_ADDR"))
    }

    /// The address is taken, which would be found out later: nothing is bound before Nomad can be asked.
    @Test(arguments: [
        ["NOMAD_CACERT": "/nonexistent/ca.pem"],
        ["NOMAD_CLIENT_CERT": "/nonexistent/cert.pem", "NOMAD_CLIENT_KEY": "/nonexistent/key.pem"],
    ])
    func certificatesThatCannotBeReadAreAWrongSetting(_ files: [String: String]) throws {
        let server = EchoServer()
        defer { server.stop() }
        let (code, output) = try run(
            ["--service", "redis", "--listen-address", server.address.description],
            files.merging(["NOMAD_ADDR": "https://127.0.0.1:4646"]) { $1 }
        )
        #expect(code == 64)
        #expect(output.split(separator: "\n").count == 1)
        #expect(files.contains { output.contains("\($0.key): `\($0.value)` holds no readable PEM certificate") })
    }

    @Test func versionHelpAndConfiguration() throws {
        #expect(try run(["--version"]).0 == 0)
        let help = try run(["--help"])
        #expect(help.0 == 0)
        #expect(help.1.contains("--listen-address"))
        let config = try run(
            ["--print-config", "--endpoint", "127.0.0.1:1", "--workers", "3"],
            ["FANOUT_CONNECT_BUDGET": "7s"]
        )
        #expect(config.0 == 0)
        let lines = config.1.split(separator: "\n")
        #expect(lines.contains { $0.contains("workers") && $0.contains("3") && $0.contains("flag") })
        #expect(lines.contains { $0.contains("connect-budget") && $0.contains("7s") && $0.contains("environment") })
    }
}
