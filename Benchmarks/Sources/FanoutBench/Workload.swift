/// A kind of load, the same for every peer.
enum Workload: String, CaseIterable, Codable {
    /// From the clients to the backend.
    case bulkUp = "bulk-up"
    /// From the backend to the clients.
    case bulkDown = "bulk-down"
    case bulkBoth = "bulk-both"
    case pingpong
    case churn
    case idle

    /// Connections at once (held, for idle).
    var connections: Int {
        switch self {
        case .bulkUp, .bulkDown, .bulkBoth: 16
        case .pingpong, .churn: 64
        case .idle: 5_000
        }
    }

    /// What the load does, for the report.
    var summary: String {
        switch self {
        case .bulkUp: "16 connections, each as fast as it goes from client to backend"
        case .bulkDown: "16 connections, each as fast as it goes from backend to client"
        case .bulkBoth: "16 connections, each as fast as it goes in both directions at once; GiB of both together"
        case .pingpong: "64 connections, 64 bytes there and back"
        case .churn: "connect, 64 bytes there and back, the backend closes, the client closes; 64 at once"
        case .idle: "5,000 connections held, each echoed 64 bytes once"
        }
    }

    /// What CPU time is divided by.
    var unit: String {
        switch self {
        case .bulkUp, .bulkDown, .bulkBoth: "GiB"
        case .pingpong: "round trip"
        case .churn: "connection"
        case .idle: "second held"
        }
    }

    /// The label and factor of CPU time per unit.
    var cost: (label: String, scale: Double) {
        switch self {
        case .bulkUp, .bulkDown, .bulkBoth: ("CPU s/GiB", 1)
        case .pingpong: ("CPU µs/round trip", 1e6)
        case .churn: ("CPU µs/connection", 1e6)
        case .idle: ("CPU ms/s", 1e3)
        }
    }
}

/// What the load process is asked for; goes to it as JSON.
struct LoadOrder: Codable {
    let workload: Workload
    let warmUpSeconds: Double
    let seconds: Double
}

/// Where the load goes and whom it measures; goes to the load process as JSON once the peer is up.
struct LoadTarget: Codable {
    let port: UInt16
    /// The root process of the peer, or nil for the load process itself (the direct run).
    let process: Int32?
    /// Ends the load after so many connections instead of after its time; for churn alone.
    var connections: Int?
}

/// What the load process measured.
struct Measurement: Codable {
    /// Wall time of the measured window.
    var seconds = 0.0
    /// CPU seconds of the peer within the window.
    var cpuSeconds = 0.0
    /// CPU seconds of load and backend within the window: when neither they nor the peer fill their CPU, others do.
    var loadCPUSeconds = 0.0
    /// GiB, round trips, connections, or seconds held.
    var units = 0.0
    /// Latency of a round trip or of a whole connection in microseconds; 0 where the workload has none.
    var p50 = 0.0
    var p99 = 0.0
    /// Connections that failed or ended early.
    var errors = 0
    /// Memory before and with the connections held, for idle.
    var memoryBefore: MemoryUse?
    var memoryHeld: MemoryUse?
}
