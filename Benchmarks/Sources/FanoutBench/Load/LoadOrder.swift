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
