/// Who ended a connection and when; the `close` field of the access log and the `reason` label of the metrics.
enum CloseReason: UInt8, CaseIterable, Sendable {
    /// The client ended its stream first; both ends clean.
    case clientFin
    /// The upstream ended its stream first; both ends clean.
    case upstreamFin
    case clientReset
    case upstreamReset
    /// Every attempt to connect failed until the budget was spent.
    case connectFailed
    /// There was no endpoint to try, or no socket for one, until the budget was spent.
    case noEndpoint
    /// The client went away while it waited for an endpoint.
    case clientGone
    /// At the connection or descriptor limit.
    case limit
    case idle
    /// Reset at the end of a drain.
    case drained
    /// Its endpoint had left the set (`--on-remove`).
    case removed
    /// Its endpoint had more than its share (`--rebalance`).
    case rebalanced

    var text: String {
        switch self {
        case .clientFin: "client_fin"
        case .upstreamFin: "upstream_fin"
        case .clientReset: "client_reset"
        case .upstreamReset: "upstream_reset"
        case .connectFailed: "connect_failed"
        case .noEndpoint: "no_endpoint"
        case .clientGone: "client_gone"
        case .limit: "limit"
        case .idle: "idle"
        case .drained: "drained"
        case .removed: "removed"
        case .rebalanced: "rebalanced"
        }
    }
}
