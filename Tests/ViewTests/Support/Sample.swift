/// The reports of a Fanout as the operators' contract has them, written by hand: nothing of the product makes them.
struct Sample: Sendable {
    var uptime = 12_345.5
    var pid = 4711
    var state = "ready"
    var reasons: [String] = []
    /// Counters grow with it: 10 connections, 1 KiB sent and 2 KiB received each.
    var ticks = 0
    var discoveryFails = false
    /// In the report of the endpoints.
    var services = ["redis"]
    var endpoints = [
        Endpoint(address: "10.0.0.7:23000", alloc: "2873cf75-42e5-7c45-ca1c-415f3e18be3d", times: (0.00026, 0.0013)),
        Endpoint(address: "10.0.0.8:23000", connections: 4, weight: 2),
        Endpoint(
            address: "10.0.0.9:23000",
            state: "ejected",
            reason: "3 refused connects in a row",
            returnsIn: 4.2,
            connections: 0,
            refused: 3
        ),
    ]
    var clients = 3
    var events = [(level: "warning", text: "endpoint ejected service=redis endpoint=10.0.0.9:23000")]

    struct Endpoint: Sendable {
        var address: String
        var state = "ready"
        var reason: String?
        var returnsIn: Double?
        var connections = 2
        var weight = 1
        var priority = 0
        var zone: String?
        var alloc: String?
        var tags: [String] = []
        var refused = 0
        /// To connect, and then to the first byte.
        var times: (connect: Double, firstByte: Double)?
    }

    var readyStatus: Int { state == "ready" ? 200 : 503 }

    var reports: [(path: String, text: String)] {
        [("/status", status), ("/endpoints", endpointReport), ("/connections", connections), ("/ready", ready)]
    }

    private func quote(_ text: String) -> String {
        var quoted = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\\(scalar)"
            case "\0"..<" ": quoted += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            case _: quoted.unicodeScalars.append(scalar)
            }
        }
        return "\"\(quoted)\""
    }

    private var list: String { "[\(reasons.map(quote).joined(separator: ","))]" }

    private var ready: String {
        state == "ready"
            ? #"{"ready":true,"services":[{"service":"redis","age_seconds":1.0}]}"#
            : #"{"ready":false,"reasons":\#(list)}"#
    }

    private var status: String {
        let times = #"{"count":10,"p50":0.000085,"p95":0.0002,"p99":0.00026}"#
        let counts = Dictionary(grouping: endpoints, by: \.state).map { "\(quote($0)):\($1.count)" }.sorted()
        let happened = events.enumerated().map { index, event in
            #"{"time":\#(1_764_146_552 + index).25,"level":\#(quote(event.level)),"text":\#(quote(event.text))}"#
        }
        return """
            {"version":"0.1.0","commit":"abc1234","pid":\(pid),"uptime_seconds":\(uptime),"state":"\(state)",
            "reasons":\(list),"driver":"io_uring","driver_reason":"io_uring works","kernel_features":["splice"],
            "max_connections":9900,"connections":\(clients),
            "workers":[{"worker":0,"connections":2,"accepted_total":10,"busy_seconds_total":0.5,"enters_total":9,
            "completions_total":20,"buffer_starved_total":0},{"worker":1,"connections":1,"accepted_total":1,
            "busy_seconds_total":0.25,"enters_total":9,"completions_total":20,"buffer_starved_total":0}],
            "services":[{"service":"redis","namespace":"default","listen":"127.0.0.1:6379","connections":\(clients),
            "waiting":0,"accepted_total":\(100 + 10 * ticks),"rejected_total":{"limit":0},"closed_total":{"client_fin":7},
            "tx_bytes":\(1024 * ticks),"rx_bytes":\(2048 * ticks),"retries_total":0,
            "endpoints":{\(counts.joined(separator: ","))},"connect_seconds":\(times),
            "first_byte_seconds":{"count":10,"p50":0.00042,"p95":0.001,"p99":0.0013},"duration_seconds":\(times),
            "discovery":{"source":"nomad","index":12,"age_seconds":1.0,"failing":\(discoveryFails),"errors_total":0}}],
            "log_dropped_total":0,"events":[\(happened.joined(separator: ","))]}
            """
    }

    private var endpointReport: String {
        let rows = endpoints.map { endpoint in
            let optional = [
                endpoint.reason.map { #""reason":\#(quote($0))"# },
                endpoint.returnsIn.map { #""returns_in_seconds":\#($0)"# },
                endpoint.alloc.map { #""alloc":\#(quote($0))"# }, endpoint.zone.map { #""zone":\#(quote($0))"# },
                endpoint.times.map { #""connect_seconds":\#($0.connect),"first_byte_seconds":\#($0.firstByte)"# },
            ].compactMap { $0 }.map { $0 + "," }.joined()
            return """
                {"address":\(quote(endpoint.address)),"name":\(quote(endpoint.address)),"node":"n1","datacenter":"dc1",
                "tags":[\(endpoint.tags.map(quote).joined(separator: ","))],"state":"\(endpoint.state)",\(optional)
                "since_seconds":3.0,"weight":\(endpoint.weight),"priority":\(endpoint.priority),
                "connections":\(endpoint.connections),"connections_total":\(10 + 5 * ticks),"tx_bytes":\(512 * ticks),
                "rx_bytes":\(1024 * ticks),"connect_failures_total":{"refused":\(endpoint.refused),"timed_out":0,
                "unreachable":0,"other":0},"ejections_total":1}
                """
        }
        let total = endpoints.count
        // All of them are the first one's.
        let reports = services.enumerated().map { index, service in
            let (total, list) = index == 0 ? (total, rows.joined(separator: ",")) : (0, "")
            return #"{"service":\#(quote(service)),"total":\#(total),"shown":\#(total),"endpoints":[\#(list)]}"#
        }
        return #"{"services":[\#(reports.joined(separator: ","))]}"#
    }

    private var connections: String {
        let rows = (0..<clients).map { index in
            """
            {"conn":\(index),"service":"redis","worker":\(index % 2),"client":"127.0.0.1:\(48592 + index)",
            "endpoint":"10.0.0.7:23000","duration_seconds":\(index + 1).5,"tx_bytes":14,"rx_bytes":7,"attempts":1}
            """
        }
        return """
            {"total":\(clients + 247),"shown":\(clients),"connections":[\(rows.joined(separator: ","))]}
            """
    }
}
