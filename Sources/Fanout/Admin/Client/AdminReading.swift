import Reactor

/// The reports of one moment, and when they were read.
struct AdminReading: Equatable, Sendable {
    let time: Deadline
    let status: StatusReport
    let endpoints: EndpointsReport
    /// Nil when they were not asked for.
    var connections: ConnectionsReport?
}

extension AdminClient {
    /// How long one report may take: a sound Fanout answers within milliseconds.
    static let patience = Duration.seconds(2)

    /// Reads the reports; of the living connections at most so many, or none.
    func reading(connections: Int?) throws(AdminFailure) -> AdminReading {
        let status = try read(StatusReport.self, at: "/status", within: Self.patience)
        let time = Deadline.now()
        let endpoints = try read(EndpointsReport.self, at: "/endpoints", within: Self.patience)
        var reading = AdminReading(time: time, status: status, endpoints: endpoints)
        if let connections {
            let target = "/connections?limit=\(connections)"
            reading.connections = try read(ConnectionsReport.self, at: target, within: Self.patience)
        }
        return reading
    }
}
