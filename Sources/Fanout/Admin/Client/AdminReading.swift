import Reactor

/// The reports of one moment, and when they were read.
struct AdminReading: Equatable, Sendable {
    let time: Deadline
    let status: StatusReport
    let endpoints: EndpointsReport
    let connections: ConnectionsReport
}

extension AdminClient {
    /// How long one report may take: a sound Fanout answers within milliseconds.
    static let patience = Duration.seconds(2)

    /// Reads all reports; `connections` are at most so many of the living ones.
    func reading(connections: Int = ConnectionsReport.defaultLimit) throws(AdminFailure) -> AdminReading {
        let status = try read(StatusReport.self, at: "/status", within: Self.patience)
        let time = Deadline.now()
        return AdminReading(
            time: time,
            status: status,
            endpoints: try read(EndpointsReport.self, at: "/endpoints", within: Self.patience),
            connections: try read(
                ConnectionsReport.self,
                at: "/connections?limit=\(connections)",
                within: Self.patience
            )
        )
    }
}
