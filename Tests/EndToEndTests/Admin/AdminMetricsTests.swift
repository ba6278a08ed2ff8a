import Foundation
import Testing
import Traffic

/// Metrics have the names of the contract and tell the truth.
@Suite(.serialized)
struct AdminMetricsTests {
    /// Section 6 of the operators' contract, in full.
    private static let names = [
        "build_info", "workers", "worker_connections", "worker_accepted_total", "worker_busy_seconds_total",
        "worker_enters_total", "worker_completions_total", "worker_buffer_starved_total",
        "connections_accepted_total", "connections_active", "connections_closed_total",
        "connections_rejected_total", "connections_waiting", "connect_duration_seconds",
        "first_byte_duration_seconds", "connection_duration_seconds", "bytes_total", "endpoints",
        "endpoint_connections_active", "endpoint_connections_total", "endpoint_bytes_total",
        "endpoint_connect_failures_total", "endpoint_ejections_total", "connect_retries_total",
        "discovery_updates_total", "discovery_errors_total", "discovery_last_success_timestamp_seconds",
        "discovery_index", "discovery_apply_duration_seconds", "token_refreshes_total", "log_dropped_total",
    ]
    /// And what was added to it.
    private static let more = ["connect_hedges_total"]
    private static let processNames = [
        "process_cpu_seconds_total", "process_open_fds", "process_max_fds", "process_virtual_memory_bytes",
        "process_virtual_memory_max_bytes", "process_resident_memory_bytes", "process_threads",
        "process_start_time_seconds",
    ]

    @Test func theNamesAreThoseOfTheContract() throws {
        let task = try NomadTask()
        defer { task.stop() }
        let fanout = try task.fanout(["--admin-address", "127.0.0.1:0", "--forward", "127.0.0.1:0=127.0.0.1:1"])
        defer { fanout.stop() }
        let admin = try fanout.admin()
        try fanout.wait("an answer of Nomad") { try admin.get("/ready").status == 200 }
        let metrics = try admin.metrics()
        let expected = (Self.names + Self.more).map { "fanout_\($0)" } + Self.processNames
        #expect(Set(metrics.names) == Set(expected))
        #expect(metrics.names.count == Set(metrics.names).count)
        for name in expected {
            #expect(metrics.values.keys.contains { $0.hasPrefix(name) }, "\(name) has no sample")
        }
        #expect(metrics["fanout_workers"] == 2)
        #expect((metrics["process_resident_memory_bytes"] ?? 0) > 1_000_000)
        #expect((metrics["process_open_fds"] ?? 0) > 5)
        // Two workers, and more for Nomad, the logs and this answer.
        #expect((metrics["process_threads"] ?? 0) > 4)
        #expect(metrics["process_virtual_memory_max_bytes"] == -1)
        #expect(metrics[#"fanout_discovery_updates_total{service="redis",result="changed"}"#] == 1)
        #expect(metrics[#"fanout_token_refreshes_total{result="changed"}"#] == 1)
        #expect((metrics[#"fanout_discovery_index{service="redis"}"#] ?? 0) > 0)
    }

    /// promtool knows what Prometheus takes, and what its people find good style.
    @Test func prometheusTakesThem() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try observedProxy(to: [server.address])
        defer { fanout.stop() }
        #expect(try ask(try fanout.address()) == "hello")
        let text = try fanout.admin().get("/metrics").body
        let (code, output) = try Self.promtool(text)
        #expect(code == 0 && output.isEmpty, "\(output)")
        // It would have said so.
        #expect(try Self.promtool(text + Array("# TYPE unfit counter\nunfit 3\n".utf8)).code != 0)
    }

    private static func promtool(_ text: [UInt8]) throws -> (code: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["promtool", "check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: text)
        try input.fileHandleForWriting.close()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: said, as: UTF8.self))
    }

    @Test func countersFollowKnownTraffic() throws {
        let server = EchoServer()
        let refusing = RefusingAddress()
        defer {
            server.stop()
            refusing.stop()
        }
        let fanout = try observedProxy(
            to: [server.address, refusing.address],
            ["--balance", "round-robin", "--max-connections", "10"]
        )
        defer { fanout.stop() }
        let address = try fanout.address()
        let admin = try fanout.admin()
        for _ in 0..<20 {
            let client = try LineClient(to: address)
            try client.sendAll("12345\n")
            #expect(try client.readLine() == "12345")
            client.halfClose()
            #expect(try client.readUntilEnd().end == .endOfStream)
        }
        let held = try (0..<10).map { _ in try LineClient(to: address) }
        for client in held {
            try client.sendAll("x\n")
            #expect(try client.readLine() == "x")
        }
        for _ in 0..<3 {
            #expect(throws: LineClient.Failure.self) {
                let client = try LineClient(to: address)
                try client.sendAll("x\n")
                _ = try client.readLine()
            }
        }
        let service = #"service="static""#
        let good = #"service="static",endpoint="\#(server.address)""#
        let bad = #"service="static",endpoint="\#(refusing.address)""#
        let closed = #"fanout_connections_closed_total{\#(service),reason="client_fin"}"#
        let received = #"fanout_bytes_total{\#(service),direction="rx"}"#
        try fanout.wait("the last close and the last count") {
            let metrics = try admin.metrics()
            return metrics[closed] == 20 && metrics[received] == 140
        }
        let metrics = try admin.metrics()
        let expected: [String: Double] = [
            "fanout_connections_accepted_total{\(service)}": 30,
            "fanout_connections_active{\(service)}": 10,
            "fanout_connections_waiting{\(service)}": 0,
            #"fanout_connections_rejected_total{\#(service),reason="limit"}"#: 3,
            #"fanout_connections_closed_total{\#(service),reason="limit"}"#: 3,
            #"fanout_bytes_total{\#(service),direction="tx"}"#: 140,
            #"fanout_bytes_total{\#(service),direction="rx"}"#: 140,
            "fanout_connect_duration_seconds_count{\(service)}": 30,
            #"fanout_connect_duration_seconds_bucket{\#(service),le="+Inf"}"#: 30,
            "fanout_first_byte_duration_seconds_count{\(service)}": 30,
            "fanout_connection_duration_seconds_count{\(service)}": 20,
            #"fanout_endpoints{\#(service),state="removed"}"#: 0,
            "fanout_endpoint_connections_total{\(good)}": 30,
            "fanout_endpoint_connections_active{\(good)}": 10,
            #"fanout_endpoint_bytes_total{\#(good),direction="tx"}"#: 140,
            #"fanout_endpoint_bytes_total{\#(good),direction="rx"}"#: 140,
            #"fanout_endpoint_connect_failures_total{\#(good),reason="refused"}"#: 0,
            "fanout_endpoint_connections_total{\(bad)}": 0,
            #"fanout_endpoint_connect_failures_total{\#(bad),reason="timed_out"}"#: 0,
        ]
        for (series, value) in expected { #expect(metrics[series] == value, "\(series)") }
        let refused = try #require(metrics[#"fanout_endpoint_connect_failures_total{\#(bad),reason="refused"}"#])
        // One is enough to be avoided.
        #expect(refused > 0)
        #expect(metrics["fanout_connect_retries_total{\(service)}"] == refused)
        let workers = try (0..<2).map { try #require(metrics[#"fanout_worker_accepted_total{worker="\#($0)"}"#]) }
        #expect(workers.reduce(0, +) == 30)
    }

    /// A long transfer is seen while it goes on, copied or spliced.
    @Test func bytesMoveBeforeTheClose() throws {
        let rig = try StreamRig(["--admin-address", "127.0.0.1:0"])
        let admin = try rig.fanout.admin()
        let client = try LineClient(to: try rig.fanout.address())
        let upstream = try rig.server.accept()
        let tx = #"fanout_bytes_total{service="static",direction="tx"}"#
        let endpoint =
            #"fanout_endpoint_bytes_total{service="static",endpoint="\#(rig.server.address)",direction="tx"}"#
        var total = 0
        for size in [1, 100_000, 3 << 20] {
            let bytes = [UInt8](repeating: 7, count: size)
            var (sent, read) = (0, 0)
            while read < size {
                sent += try client.sendWhatFits(Array(bytes[sent...].prefix(65_536)))
                read += try upstream.readExactly(min(sent - read, 65_536)).count
            }
            total += size
            try rig.fanout.wait("\(total) bytes") { try admin.metrics()[tx] == Double(total) }
            #expect(try admin.metrics()[endpoint] == Double(total))
        }
        let answer = try admin.json("/connections")
        let shown = try #require((answer["connections"] as? [[String: Any]])?.first)
        #expect(shown["tx_bytes"] as? Int == total)
    }

    /// However many endpoints there are, a scrape stays small; those without a name are summed up.
    @Test func aThousandEndpointsAreFewSeries() throws {
        let server = EchoServer()
        defer { server.stop() }
        let many = (0..<1_000).map { "10.1.\($0 / 250).\($0 % 250 + 1):80" }
        let fanout = try FanoutProcess(
            ["--forward", "127.0.0.1:0=" + many.joined(separator: ","), "--admin-address", "127.0.0.1:0"]
        )
        defer { fanout.stop() }
        let admin = try fanout.admin()
        let answer = try admin.get("/metrics")
        #expect(answer.body.count < 1 << 20)
        let metrics = Metrics(answer.text)
        let active = metrics.values.keys.filter { $0.hasPrefix("fanout_endpoint_connections_active{") }
        #expect(active.count == 101)
        #expect(active.contains { $0.contains(#"endpoint="other""#) })
        #expect(metrics[#"fanout_endpoints{service="static",state="ready"}"#] == 1_000)
        let services = try #require(try admin.json("/endpoints")["services"] as? [[String: Any]])
        #expect(services.first?["shown"] as? Int == 1_000)
    }

    /// Two listeners of one name: their numbers are one series, and nothing is counted twice.
    @Test func servicesOfOneNameAreOneSeries() throws {
        let server = EchoServer()
        defer { server.stop() }
        let forward = "127.0.0.1:0=\(server.address)"
        let fanout = try FanoutProcess(["--forward", forward, "--forward", forward, "--admin-address", "127.0.0.1:0"])
        defer { fanout.stop() }
        for index in 0..<2 { #expect(try ask(try fanout.address(index)) == "hello") }
        let metrics = try fanout.admin().metrics()
        #expect(metrics[#"fanout_connections_accepted_total{service="static"}"#] == 2)
        let endpoint = #"fanout_endpoint_connections_total{service="static",endpoint="\#(server.address)"}"#
        #expect(metrics[endpoint] == 2)
    }
}
