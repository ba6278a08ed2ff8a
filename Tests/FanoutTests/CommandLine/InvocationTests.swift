import Testing

@testable import Fanout

extension Machine {
    /// Two CPUs, 20,000 descriptors, no memory limit.
    static let ordinary = Machine(affinity: 2, cpuQuota: nil, descriptors: 20000, memory: nil)
}

func invoke(
    _ arguments: [String],
    environment: [String: String] = [:],
    machine: Machine = .ordinary
) -> Invocation {
    CommandLineInterface.parse(arguments: arguments, environment: environment) { machine }
}

/// The configuration of a command line that must be right.
func configure(
    _ arguments: [String],
    environment: [String: String] = [:],
    machine: Machine = .ordinary,
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> Configuration {
    let invocation = invoke(arguments, environment: environment, machine: machine)
    guard case .run(let configuration) = invocation else {
        Issue.record("\(invocation)", sourceLocation: sourceLocation)
        throw UsageError("not a run")
    }
    return configuration
}

@Suite struct UsageErrorTests {
    static let endpoint = ["--endpoint", "10.0.0.1:1"]

    @Test(
        arguments: [
            (["--workers", "0"], #"fanout: --workers must be a whole number from 1 to 256, or auto; got "0""#),
            (["--workers", "257"], "--workers must be a whole number"),
            (["--workers", "-1"], #"got "-1""#),
            (["--workers", "+1"], #"got "+1""#),
            (["--workers", ""], #"got """#),
            (["--workers", "99999999999999999999"], "--workers must be a whole number"),
            (["--driver", "kqueue"], #"--driver must be auto, io_uring or epoll; got "kqueue""#),
            (
                ["--balance", "fastest"],
                "--balance must be least-connections, two-choices, round-robin or random; got \"fastest\""
            ),
            (["--hedge-after", "0"], "--hedge-after must be auto, off, or a time longer than 0, such as 20ms; got"),
            (["--check-interval", "1ms"], "--check-interval must be off, or a time of 100ms or more, such as 5s; got"),
            (["--max-connections-per-endpoint", "0"], "must be a whole number from 1 to 1000000; got \"0\""),
            (["--prefer", "rack=1"], "--prefer must be zone=NAME, node=ID or datacenter=NAME; got \"rack=1\""),
            (["--slow-start", "soon"], "--slow-start must be"),
            (["--connect-timeout", "0"], "--connect-timeout must be longer than 0"),
            (["--connect-budget", "-5s"], "--connect-budget must be a whole number with a unit"),
            (["--connect-timeout", "6s"], "--connect-timeout must not be longer than --connect-budget (5s); got 6s"),
            (
                ["--connect-budget", "500ms"],
                "--connect-timeout must not be longer than --connect-budget (500ms); got 1s"
            ),
            (["--keepalive", "1500ms"], "--keepalive must be 0, or whole seconds from 1s to 32767s"),
            (["--keepalive", "32768s"], "--keepalive must be 0"),
            (
                ["--idle-timeout", "5"],
                "--idle-timeout must be a whole number with a unit (50us, 500ms, 2s, 1m, 1h), or 0"
            ),
            (["--drain-timeout", "forever"], "--drain-timeout must be"),
            (["--busy-poll", "2s"], "--busy-poll must be off, or a time up to 1s"),
            (["--busy-poll", "on"], "--busy-poll must be"),
            (
                ["--rebalance", "on", "--balance", "round-robin"],
                "--rebalance on must come with --balance least-connections"
            ),
            (["--state-file", "/state"], "--state-file must be the path of a file in a folder of its own"),
            (["--on-remove", "close-after=soon"], "--on-remove must be a whole number with a unit"),
            (["--max-connections", "0"], "--max-connections must be a whole number from 1 to 9931"),
            (["--max-connections", "9932"], "--max-connections must be at most 9931: 20000 descriptors are allowed"),
            (["--max-connections", "lots"], "--max-connections must be a whole number"),
            (["--nomad-address", "127.0.0.1:4646"], "--nomad-address must be http://HOST:PORT"),
            (["--nomad-address", "unix://"], "--nomad-address must be"),
            (["--namespace", "*"], "--namespace must be one namespace"),
            (["--region", "a b"], "--region must be"),
            (["--admin-address", "localhost:1"], "--admin-address must be a numeric address"),
            (["--admin-address", "on"], "--admin-address must be a numeric address"),
            (
                ["--admin-address", "127.0.0.1:8080"],
                "--admin-address must be an address of its own; got 127.0.0.1:8080, taken by 127.0.0.1:8080"
            ),
            (["--admin-address", "unix:relative"], "--admin-address must be unix: followed by an absolute path"),
            (["--allow-stale", "yes"], "--allow-stale must be on or off; got \"yes\""),
            (["--log-format", "xml"], "--log-format must be text or json"),
            (["--log-level", "loud"], "--log-level must be trace, debug, info, notice, warning, error or critical"),
            (["--access-log", "true"], "--access-log must be on or off"),
            (["--access-log-interval", "1"], "--access-log-interval must be"),
            (["--access-log-interval", "99ms"], "--access-log-interval must be 0, or a time of 100ms or more"),
            (["--connect-budget", "61m"], "--connect-budget must be longer than 0 and at most 1h"),
            (["--service", "-x"], "--service must be a service name"),
            (["--listen-address", "localhost:1"], "--listen-address must be a numeric address (no host names)"),
            (["--endpoint", "10.0.0.1:0"], "--endpoint must be HOST:PORT with a port from 1 to 65535"),
            (["--forward", "redis"], "--forward must be LISTEN=SERVICE[@NAMESPACE] or LISTEN=HOST:PORT"),
            (
                ["--forward", ":8080=redis", "--forward", "0.0.0.0:8080=pg"],
                "--forward must listen on an address of its own"
            ),
            (
                ["--forward", "127.0.0.1:8080=redis"],
                "--forward must listen on an address of its own; got 127.0.0.1:8080"
            ),
            (["--log-level"], "Missing value for '--log-level <LEVEL>'"),
            (["--servce", "redis"], "Unknown option '--servce'. Did you mean '--service'?"),
            (["--pin-workers=on"], "fanout: "),
            (["extra"], "fanout: Unexpected argument 'extra'"),
            (["--workers", "a\nb\nc\nd\n\u{1b}[31m"], #"got "a\nb\nc\nd\n\u001b[31m""#),
            (["--workers", String(repeating: "9", count: 5000)], "999...\""),
        ] as [([String], String)]
    )
    func firstLineSaysWhatIsWrong(arguments: [String], expected: String) throws {
        guard case .refuse(let code, let text) = invoke(Self.endpoint + arguments) else {
            Issue.record("accepted \(arguments)")
            return
        }
        #expect(code == .usage)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(lines.count <= 4)
        #expect(text.hasPrefix("fanout: "))
        #expect(lines.first?.contains(expected) == true, "\(text)")
    }

    @Test(
        arguments: [
            ([], [:], "nothing to forward; give --service NAME, --endpoint HOST:PORT or --forward LISTEN=SERVICE"),
            (
                ["--listen-address", "127.0.0.1:1", "--forward", ":2=redis"], [:],
                "--listen-address must come with --service NAME or --endpoint HOST:PORT"
            ),
            (["--forward", ":2=redis"], ["FANOUT_LISTEN_ADDRESS": ":1"], "FANOUT_LISTEN_ADDRESS must come with"),
            (
                ["--service", "a"], ["FANOUT_WORKERS": "0"],
                "FANOUT_WORKERS must be a whole number from 1 to 256, or auto"
            ),
            (["--service", "a"], ["FANOUT_FORWARD": ":1=a localhost:2=b"], "FANOUT_FORWARD must be LISTEN=SERVICE"),
            (["--service", "a"], ["FANOUT_PIN_WORKERS": "1"], "FANOUT_PIN_WORKERS must be on or off"),
            (["--service", "a"], ["NOMAD_ADDR": "10.0.0.1:4646"], "NOMAD_ADDR must be http://HOST:PORT"),
            (["--service", "a"], ["NOMAD_NAMESPACE": "*"], "NOMAD_NAMESPACE must be one namespace"),
            (
                ["--forward", "127.0.0.1:8080=redis", "--service", "a"], [:],
                "--forward must listen on an address of its own; got 127.0.0.1:8080, taken by --listen-address 127.0.0.1:8080"
            ),
        ] as [([String], [String: String], String)]
    )
    func contradictionsNameTheirOrigin(arguments: [String], environment: [String: String], expected: String) {
        guard case .refuse(.usage, let text) = invoke(arguments, environment: environment) else {
            Issue.record("accepted \(arguments)")
            return
        }
        #expect(text.hasPrefix("fanout: " + expected), "\(text)")
    }

    @Test func noNomadAddressIsAMatterOfConfiguration() {
        guard case .refuse(.configuration, let text) = invoke(["--service", "redis"]) else {
            Issue.record("accepted")
            return
        }
        #expect(text.hasPrefix("fanout: no Nomad address; give --nomad-address URL"))
        // An identity cures a missing token: the variable that says where the API is, is there in every task.
        #expect(!text.contains("identity"))
        #expect(text.split(separator: "\n").count <= 4)
    }
}
