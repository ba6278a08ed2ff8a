import Foundation
import Testing

@testable import Fanout

/// The commands as scripts use them: output, messages and exit codes of the built binary.
@Suite struct CommandTests {
    @Test func waitEndsWithZeroOrOne() throws {
        let double = try AdminDouble()
        let ready = try Program.run(["wait", "--admin-address", double.address, "--timeout", "60s"])
        #expect(ready.code == 0)
        #expect(ready.out.isEmpty && ready.err.isEmpty)
        double.show(Sample(state: "starting", reasons: ["discovery has not answered for redis"]))
        let late = try Program.run(
            ["wait", "--timeout", "2s"],
            environment: ["FANOUT_ADMIN_ADDRESS": double.address]
        )
        #expect(late.code == 1)
        #expect(late.err == "fanout: not ready after 2s\ndiscovery has not answered for redis\n")
    }

    @Test func timesMayComeFromVariables() throws {
        let double = try AdminDouble()
        double.show(Sample(state: "starting", reasons: ["not yet"]))
        var environment = ["FANOUT_ADMIN_ADDRESS": double.address, "FANOUT_TIMEOUT": "1s"]
        #expect(try Program.run(["wait"], environment: environment).err == "fanout: not ready after 1s\nnot yet\n")
        environment["FANOUT_TIMEOUT"] = "soon"
        let refused = try Program.run(["wait"], environment: environment)
        #expect(refused.code == 64)
        #expect(refused.err.hasPrefix("fanout: FANOUT_TIMEOUT must be a whole number with a unit"))
        let given = try Program.run(["wait", "--timeout", "2s"], environment: environment)
        #expect(given.err == "fanout: not ready after 2s\nnot yet\n")
        environment["FANOUT_INTERVAL"] = "0"
        let top = try Program.run(["top", "--once"], environment: environment)
        #expect(top.code == 64)
        #expect(top.err.hasPrefix("fanout: FANOUT_INTERVAL must be longer than 0"))
    }

    @Test func explainSaysWhy() throws {
        let double = try AdminDouble()
        let all = try Program.run(["explain", "--admin-address", double.address])
        #expect(all.code == 0)
        #expect(all.out.contains("  10.0.0.9:23000 (dc1): ejected\n    Gets no new connections for now"))
        let json = try Program.run(["explain", "10.0.0.9:23000", "--json", "--admin-address", double.address])
        #expect(json.code == 0)
        let object = try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: [[String: Any]]]
        let endpoints = object?["services"]?.first?["endpoints"] as? [[String: Any]]
        #expect(endpoints?.count == 1)
        #expect(endpoints?.first?["gets_traffic"] as? Bool == false)
        #expect((endpoints?.first?["sentences"] as? [String])?.contains("Returns in 4.2 s.") == true)
        let unknown = try Program.run(["explain", "10.9.9.9:1", "--admin-address", double.address])
        #expect(unknown.code == 1)
        #expect(unknown.err.hasPrefix("fanout: no service or endpoint 10.9.9.9:1\nservices: redis\n"))
    }

    @Test func topWithoutATerminalIsOnePage() throws {
        let double = try AdminDouble()
        let page = try Program.run(["top", "--interval", "10ms", "--admin-address", double.address])
        #expect(page.code == 0)
        #expect(page.out.contains("fanout 0.1.0") && page.out.contains("10.0.0.9:23000"))
        #expect(page.out.utf8.allSatisfy { $0 < 0x80 && ($0 >= 0x20 || $0 == UInt8(ascii: "\n")) })
        let json = try Program.run(["top", "--json", "--admin-address", double.address])
        let object = try JSONSerialization.jsonObject(with: Data(json.out.utf8)) as? [String: Any]
        #expect(object?.keys.sorted() == ["connections", "endpoints", "status"])
        #expect(json.out.split(separator: "\n").count == 1)
    }

    @Test(arguments: [["top"], ["explain"]])
    func nobodyThereIsAFailure(command: [String]) throws {
        let double = try AdminDouble()
        double.stop()
        let output = try Program.run(command + ["--admin-address", double.address])
        #expect(output.code == 1)
        #expect(
            output.err == "fanout: no answer from the admin endpoint at \(double.address): Connection refused\n"
        )
    }

    @Test(arguments: [
        (["top"], "--admin-address is missing", "top"),
        (["wait", "--admin-address", "off"], "--admin-address must be", "wait"),
        (["wait", "--admin-address", ":1", "--timeout", "0"], "--timeout must be longer than 0", "wait"),
        (["wait", "--admin-address", ":1", "--timeout", "5"], "--timeout must be a whole number with a unit", "wait"),
        (["top", "--admin-address", ":1", "--interval", "0s"], "--interval must be longer than 0", "top"),
        (["explain", "--admin-address", ":1", "a", "b"], "Unexpected argument 'b'", "explain"),
        (["top", "--sevice", "x"], "Unknown option '--sevice'", "top"),
    ])
    func usageErrorsNameTheFlag(arguments: [String], expected: String, command: String) throws {
        let output = try Program.run(arguments)
        #expect(output.code == 64)
        let lines = output.err.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines.first?.contains(expected) == true, "\(output.err)")
        #expect(lines.last == "fanout \(command) --help lists every flag")
    }

    @Test(arguments: ["top", "explain", "wait"])
    func helpNamesTheFlags(command: String) throws {
        let output = try Program.run([command, "--help"])
        #expect(output.code == 0)
        #expect(output.out.contains("--admin-address"))
        let root = try Program.run(["--help"]).out.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(root.contains("fanout \(command)"))
    }
}
