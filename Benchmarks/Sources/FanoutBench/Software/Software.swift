/// Real programs: a server behind the peer and its load tool in front, both on the load's CPU.
protocol Software: Sendable {
    /// Why it cannot be run; nil when it can.
    var obstacle: String? { get }
    /// The server on a port of 127.0.0.1.
    func server(port: UInt16, folder: String) throws -> PeerCommand
    /// The load tool, which ends by itself.
    func tool(_ workload: Workload, port: UInt16, seconds: Double, folder: String) throws -> PeerCommand
    /// Fills in units, latencies and errors from what the tool printed.
    func read(_ output: String, _ workload: Workload, folder: String, into measurement: inout Measurement) throws
}

extension Workload {
    var software: (any Software)? {
        switch kind {
        case .redis: RedisSoftware()
        case .postgres: PostgresSoftware()
        case .http: HTTPSoftware()
        default: nil
        }
    }
}
