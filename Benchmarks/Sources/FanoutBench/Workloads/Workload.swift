/// A kind of load of a certain size, the same for every peer.
struct Workload: Codable, Hashable {
    enum Kind: String, Codable {
        /// From the clients to the backend.
        case bulkUp
        /// From the backend to the clients.
        case bulkDown
        case bulkBoth
        /// Messages there and back over connections that stay.
        case exchange
        case churn
        case idle
        case redis
        case postgres
        case http
    }

    let name: String
    let kind: Kind
    /// Connections at once (held, for idle).
    let connections: Int
    /// Bytes of a message.
    var messageSize = 64
    /// Messages in flight on a connection, or requests in redis-benchmark's pipeline.
    var depth = 1
    /// Round trips or connections that begin each second, whether the earlier ones are over or not; else as many as the peer
    /// takes.
    var rate: Double?
    /// For the scaling comparison: so many workers, on all CPUs. Else one worker on the proxy's CPU.
    var scaledWorkers: Int?

    var workers: Int { scaledWorkers ?? 1 }
    var isBulk: Bool { kind == .bulkUp || kind == .bulkDown || kind == .bulkBoth }

    /// Real programs at both ends instead of the harness's own load.
    var isSoftware: Bool { kind == .redis || kind == .postgres || kind == .http }

    /// With many connections each has its turn a few times a second only.
    var leastSeconds: Double { kind == .exchange && connections > 4_000 ? 2 : 0 }

    /// So many times the connections, and as many times what is due each second.
    func multiplied(by multiple: Int) -> Workload {
        Workload(
            name: name,
            kind: kind,
            connections: connections * multiple,
            messageSize: messageSize,
            depth: depth,
            rate: rate.map { $0 * Double(multiple) },
            scaledWorkers: scaledWorkers
        )
    }

    /// Runs without a proxy have no descriptors in between, but the load's process holds both ends.
    var descriptors: Int { 2 * connections + Limits.spareDescriptors }
}

extension Workload {
    /// What the load does, for the report.
    var summary: String {
        let count = connections == 1 ? "1 connection" : "\(connections) connections"
        switch kind {
        case .bulkUp: return "\(count), as fast as it goes from client to backend"
        case .bulkDown: return "\(count), as fast as it goes from backend to client"
        case .bulkBoth: return "\(count), as fast as it goes in both directions at once; GiB of both together"
        case .exchange:
            let flight = depth == 1 ? "" : ", \(depth) messages in flight on each"
            return "\(count), \(messageSize) bytes there and back\(flight)" + pace + scaling
        case .churn:
            let limit = rate == nil ? "; \(connections) at once" : ""
            return "connect, 64 bytes there and back, the backend closes, the client closes" + limit + pace + scaling
        case .idle: return "\(count) held, each echoed 64 bytes once"
        case .redis: return "redis-benchmark -P \(depth), GET, \(count), Redis behind"
        case .postgres: return "pgbench, select only, simple protocol, \(count), PostgreSQL behind"
        case .http: return "wrk, keep-alive, a body of 64 bytes, \(count), nginx's HTTP server behind"
        }
    }

    private var pace: String {
        rate.map { "; \(Int($0)) begin each second, and are timed from when they should" } ?? ""
    }

    private var scaling: String {
        scaledWorkers.map { "; \($0) worker\($0 == 1 ? "" : "s") on all CPUs, which the load shares" } ?? ""
    }

    /// What CPU time is divided by.
    var unit: String {
        switch kind {
        case .bulkUp, .bulkDown, .bulkBoth: "GiB"
        case .exchange: "round trip"
        case .churn: "connection"
        case .idle: "second held"
        case .redis, .http: "request"
        case .postgres: "transaction"
        }
    }

    /// The label and factor of CPU time per unit.
    var cost: (label: String, scale: Double) {
        switch kind {
        case .bulkUp, .bulkDown, .bulkBoth: ("CPU s/GiB", 1)
        case .idle: ("CPU ms/s", 1e3)
        default: ("CPU µs/\(unit)", 1e6)
        }
    }
}
