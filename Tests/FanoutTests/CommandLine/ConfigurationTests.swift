import Testing

@testable import Fanout

@Suite struct ConfigurationTests {
    static let nomad = ["NOMAD_SECRETS_DIR": "/secrets"]

    @Test func defaultsAreThoseOfTheContract() throws {
        let configuration = try configure(["--service", "redis"], environment: Self.nomad)
        #expect(
            try configuration.services == [
                ServiceConfiguration(
                    label: "redis",
                    listen: ListenAddress(parsing: "127.0.0.1:8080"),
                    source: .nomad(service: "redis", namespace: nil),
                    isForwarded: false
                )
            ]
        )
        #expect(configuration.workers.count == 2)
        #expect(!configuration.pinWorkers)
        #expect(configuration.driver == .auto)
        #expect(configuration.balance == .leastConnections)
        #expect(configuration.connectTimeout == .seconds(1))
        #expect(configuration.connectBudget == .seconds(5))
        #expect(configuration.keepalive == .seconds(60))
        #expect(configuration.idleTimeout == .zero)
        #expect(configuration.drainTimeout == .seconds(25))
        #expect(configuration.busyPoll == .zero)
        #expect(configuration.onRemove == .keep)
        #expect(!configuration.rebalances)
        #expect(configuration.stateFile == nil)
        #expect(configuration.connections.count == 9931)
        #expect(configuration.nomad.address == "unix:///secrets/api.sock")
        #expect(configuration.nomad.allowStale)
        #expect(configuration.nomad.tokenFile == nil)
        #expect(configuration.admin == nil)
        #expect(
            configuration.log
                == LogConfiguration(format: .text, level: .info, accessLog: true, accessLogInterval: .zero)
        )
    }

    @Test func everyFlagIsRead() throws {
        let configuration = try configure([
            "run", "--service", "cache", "--listen-address", "unix:/s", "--endpoint", "a:1", "--endpoint", "b:2",
            "--forward", ":1=web@prod", "--forward", ":0=c:3,d:4", "--workers", "7", "--pin-workers",
            "--driver", "io_uring", "--balance", "round-robin", "--connect-timeout", "2s", "--connect-budget", "2s",
            "--keepalive", "0", "--idle-timeout", "1h", "--drain-timeout", "0", "--max-connections", "1",
            "--busy-poll", "50us", "--on-remove", "close-after=2s", "--state-file", "state/file",
            "--nomad-address", "https://nomad:4646", "--namespace", "ns", "--region", "eu", "--allow-stale", "off",
            "--token-file", "/token", "--admin-address", "unix:/admin", "--log-format", "json", "--log-level", "trace",
            "--access-log", "off",
            "--access-log-interval", "1m",
        ])
        #expect(configuration.services.map(\.label) == ["cache", "web@prod", "static"])
        #expect(configuration.services.map(\.listen.description) == ["unix:/s", ":1", ":0"])
        #expect(configuration.services.map(\.source.description) == ["a:1,b:2", "web@prod", "c:3,d:4"])
        #expect(configuration.services.map(\.isForwarded) == [false, true, true])
        #expect(configuration.workers.count == 7)
        #expect(configuration.admin == .unix(path: "/admin"))
        #expect(configuration.pinWorkers)
        #expect(configuration.driver == .ioUring)
        #expect(configuration.balance == .roundRobin)
        #expect(configuration.connectTimeout == .seconds(2))
        #expect(configuration.connectBudget == .seconds(2))
        #expect(configuration.keepalive == .zero)
        #expect(configuration.idleTimeout == .seconds(3600))
        #expect(configuration.drainTimeout == .zero)
        #expect(configuration.busyPoll == Interval(nanoseconds: 50_000))
        #expect(configuration.onRemove == .closeAfter(2_000_000_000))
        #expect(configuration.stateFile == "state/file")
        // Not together with round-robin.
        #expect(try configure(["--endpoint", "a:1", "--rebalance", "on"]).rebalances)
        #expect(configuration.connections.count == 1)
        #expect(
            configuration.nomad
                == NomadConfiguration(
                    address: "https://nomad:4646",
                    namespace: "ns",
                    region: "eu",
                    allowStale: false,
                    tokenFile: "/token"
                )
        )
        #expect(
            configuration.log
                == LogConfiguration(format: .json, level: .trace, accessLog: false, accessLogInterval: .seconds(60))
        )
    }

    @Test func flagsWinOverTheEnvironmentAsAWhole() throws {
        let environment = [
            "FANOUT_FORWARD": "  :1=a :2=b  ", "FANOUT_WORKERS": "3", "FANOUT_BALANCE": "round-robin",
            "FANOUT_DRIVER": "",
            "FANOUT_UNKNOWN": "?", "FANOUT_NODE_ID": "n", "FANOUT_PIN_WORKERS": "on", "NOMAD_ADDR": "http://n:1",
        ]
        let fromEnvironment = try configure([], environment: environment)
        #expect(fromEnvironment.services.map(\.label) == ["a", "b"])
        #expect(fromEnvironment.workers.count == 3)
        #expect(fromEnvironment.pinWorkers)
        #expect(try !configure(["--no-pin-workers"], environment: environment).pinWorkers)
        #expect(try configure(["--no-pin-workers", "--pin-workers"], environment: environment).pinWorkers)
        let mixed = try configure(["--forward", ":3=c", "--workers", "4"], environment: environment)
        #expect(mixed.services.map(\.label) == ["c"])
        #expect(mixed.workers.count == 4)
        #expect(mixed.balance == .roundRobin)
        #expect(mixed.driver == .auto)
    }

    @Test(arguments: [
        (["NOMAD_ADDR": "http://a:1", "NOMAD_UNIX_ADDR": "unix:///u", "NOMAD_SECRETS_DIR": "/s"], "http://a:1"),
        (["NOMAD_UNIX_ADDR": "unix:///u", "NOMAD_SECRETS_DIR": "/s"], "unix:///u"),
        (["NOMAD_UNIX_ADDR": "/u", "NOMAD_SECRETS_DIR": "/s"], "unix:///u"),
        (["NOMAD_ADDR": "", "NOMAD_SECRETS_DIR": "/s"], "unix:///s/api.sock"),
        (["FANOUT_NOMAD_ADDRESS": "http://f:1", "NOMAD_ADDR": "http://a:1"], "http://f:1"),
    ])
    func nomadAddressOrder(environment: [String: String], expected: String) throws {
        let configuration = try configure(["--service", "redis"], environment: environment)
        #expect(configuration.nomad.address == expected)
    }

    @Test func fixedEndpointsDoNotLookAtNomad() throws {
        let environment = ["NOMAD_ADDR": "nonsense", "NOMAD_NAMESPACE": "*"]
        let configuration = try configure(["--endpoint", "a:1"], environment: environment)
        #expect(!configuration.needsNomad)
        #expect(configuration.nomad.address == nil)
        #expect(configuration.services.map(\.label) == ["static"])
    }
}

@Suite struct ReportTests {
    @Test func showsEverySettingWithItsOrigin() throws {
        let environment = ["FANOUT_KEEPALIVE": "120s", "NOMAD_NAMESPACE": "data", "NOMAD_SECRETS_DIR": "/secrets"]
        let arguments = ["--service", "redis", "--forward", ":1=a", "--forward", ":2=b:3", "--drain-timeout", "1500ms"]
        guard
            case .print(let text) = invoke(arguments + ["--print-config"], environment: environment),
            case .print(let same) = invoke(["run", "--print-config"] + arguments, environment: environment)
        else {
            Issue.record("nothing printed")
            return
        }
        #expect(text == same)
        let rows = text.split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
        }
        #expect(rows.compactMap(\.first) == Setting.allCases.map(\.flag))
        let byFlag = Dictionary(uniqueKeysWithValues: rows.map { ($0[0], $0.dropFirst().joined(separator: " ")) })
        #expect(byFlag["--service"] == "redis flag")
        #expect(byFlag["--forward"] == ":1=a :2=b:3 flag")
        #expect(byFlag["--keepalive"] == "120s environment FANOUT_KEEPALIVE")
        #expect(byFlag["--drain-timeout"] == "1500ms flag")
        #expect(byFlag["--namespace"] == "data environment NOMAD_NAMESPACE")
        #expect(byFlag["--nomad-address"] == "unix:///secrets/api.sock environment NOMAD_SECRETS_DIR")
        #expect(byFlag["--region"] == "- default")
        #expect(byFlag["--token-file"] == "/secrets/nomad_token environment NOMAD_SECRETS_DIR")
        #expect(byFlag["--workers"] == "2 default auto: CPU affinity allows 2, no cgroup quota")
        #expect(byFlag["--max-connections"] == "9929 default 20000 descriptors less 142 reserved, 2 a connection")
        #expect(byFlag["--access-log-interval"] == "0 default")
        let sourceColumns = Set(
            text.split(separator: "\n").compactMap { line in
                ["  flag", "  environment", "  default"].compactMap { line.firstRange(of: $0)?.lowerBound }
                    .map { line.distance(from: line.startIndex, to: $0) }.max()
            }
        )
        #expect(sourceColumns.count == 1)
    }

    /// Which token is sent, and never the token.
    @Test(
        arguments: [
            ([], ["NOMAD_SECRETS_DIR": "/s"], "/s/nomad_token environment NOMAD_SECRETS_DIR"),
            (
                [], ["NOMAD_SECRETS_DIR": "/s", "NOMAD_TOKEN": "a.b.secret"],
                "/s/nomad_token environment NOMAD_SECRETS_DIR NOMAD_TOKEN while it is not there"
            ),
            ([], ["NOMAD_ADDR": "http://n:1", "NOMAD_TOKEN": "a.b.secret"], "NOMAD_TOKEN environment NOMAD_TOKEN"),
            ([], ["NOMAD_ADDR": "http://n:1"], "- default"),
            (["--token-file", "/t"], ["NOMAD_SECRETS_DIR": "/s", "NOMAD_TOKEN": "a.b.secret"], "/t flag"),
            (
                [], ["NOMAD_SECRETS_DIR": "/s", "FANOUT_TOKEN_FILE": "/t"],
                "/t environment FANOUT_TOKEN_FILE"
            ),
        ] as [([String], [String: String], String)]
    )
    func saysWhereTheTokenComesFrom(arguments: [String], environment: [String: String], expected: String) throws {
        let printed = invoke(["--print-config", "--service", "a"] + arguments, environment: environment)
        guard case .print(let text) = printed else {
            Issue.record("nothing printed")
            return
        }
        #expect(!text.contains("secret"))
        let row = try #require(text.split(separator: "\n").first { $0.hasPrefix("--token-file ") })
        #expect(row.split(separator: " ").dropFirst().joined(separator: " ") == expected)
        #expect(
            text.split(separator: "\n").contains { $0.split(separator: " ") == ["--namespace", "default", "default"] }
        )
    }

    @Test func saysWhatASmallMemoryLimitLeavesOfTheBuffers() {
        var machine = Machine.ordinary
        machine.memory = MemoryLimit(bytes: 32 << 20, source: "cgroup")
        guard case .print(let text) = invoke(["--print-config", "--endpoint", "a:1"], machine: machine) else {
            Issue.record("nothing printed")
            return
        }
        #expect(text.contains("; buffers: 2560 KiB a worker: at most a quarter of 32 MiB of memory (cgroup)\n"))
    }

    @Test func keepsPasswordsAndLineEndsToItself() {
        let arguments = [
            "--print-config", "--forward", "unix:/a\nb=redis", "--nomad-address", "https://me:secret@nomad:4646/a@b",
        ]
        guard case .print(let text) = invoke(arguments) else {
            Issue.record("nothing printed")
            return
        }
        #expect(!text.contains("secret"))
        #expect(text.contains(" https://...@nomad:4646/a@b "))
        #expect(text.contains(#" unix:/a\nb=redis "#))
        #expect(text.split(separator: "\n").count == Setting.allCases.count)
        #expect(text.split(separator: "\n")[1].contains("only --forward is given"))
    }

    @Test func refusesWhatARunWouldRefuse() {
        guard case .refuse(.usage, _) = invoke(["--print-config", "--workers", "0", "--service", "a"]) else {
            Issue.record("accepted")
            return
        }
    }
}

@Suite struct HelpTests {
    @Test(arguments: [["--help"], ["-h"], ["run", "--help"]])
    func namesEveryFlagAndItsDefault(arguments: [String]) {
        guard case .print(let wrapped) = invoke(arguments) else {
            Issue.record("no help")
            return
        }
        let help = wrapped.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        for setting in Setting.allCases {
            #expect(help.contains(setting.flag))
            #expect(help.contains("(default: \(setting.defaultDescription))"), "\(setting)")
        }
        #expect(help.contains("--print-config"))
        #expect(help.contains("--version"))
        #expect(help.contains("FANOUT_SOME_FLAG"))
    }

    @Test(arguments: [["--version"], ["run", "--version"]])
    func version(arguments: [String]) {
        #expect(invoke(arguments) == .print(Version.text + "\n"))
    }

    @Test(arguments: Setting.allCases)
    func everyFlagHasItsVariable(setting: Setting) throws {
        #expect(setting.variable.hasPrefix("FANOUT_"))
        #expect(setting.variable.utf8.allSatisfy { Name.isAlphanumeric($0) && $0 < 0x60 || $0 == UInt8(ascii: "_") })
        let values = SettingValues(flags: try #require(parsed([])), environment: [setting.variable: "x y"])
        #expect(values[setting].texts == (setting.isRepeatable ? ["x", "y"] : ["x y"]))
        #expect(values[setting].origin == setting.variable)
        let isSwitch = setting == .pinWorkers
        let flags = try #require(parsed(isSwitch ? [setting.flag] : [setting.flag, "z"]))
        let overridden = SettingValues(flags: flags, environment: [setting.variable: "x"])
        #expect(overridden[setting].texts == [isSwitch ? "on" : "z"])
        #expect(overridden[setting].origin == setting.flag)
    }

    private func parsed(_ arguments: [String]) -> RunCommand? {
        (try? FanoutCommand.parseAsRoot(["run"] + arguments)) as? RunCommand
    }

    @Test func exitCodesAreThoseOfTheContract() {
        #expect(ExitCode.allCases.map(\.rawValue) == [0, 1, 64, 69, 77, 78])
    }
}
