/// The answer of `/endpoints`: every endpoint that has traffic or may get it.
struct EndpointsReport: Codable, Equatable, Sendable {
    var services: [Service]

    struct Service: Codable, Equatable, Sendable {
        var service: String
        var total: Int
        /// At most ``EndpointsReport/mostShown``.
        var shown: Int
        var endpoints: [Entry]
    }

    /// Endpoints of one service in an answer.
    static let mostShown = 1_000

    struct Entry: Codable, Equatable, Sendable {
        var address: String
        /// As it is registered or given; differs from the address for host names.
        var name: String
        var alloc: String?
        var node: String?
        var datacenter: String?
        var tags: [String]
        var state: EndpointState
        var reason: String?
        /// How long it has been in this state.
        var sinceSeconds: Double?
        var returnsInSeconds: Double?
        var weight: Int
        var priority: Int
        var zone: String?
        var connections: UInt64
        var connectionsTotal: UInt64
        var txBytes: UInt64
        var rxBytes: UInt64
        var connectFailuresTotal: ConnectFailures
        var ejectionsTotal: UInt64
        /// How long connects to it usually take, a moving average over all workers; nil before the first one.
        var connectSeconds: Double?
        /// How long after a connect its first byte usually comes; what the client takes to ask for it is in it.
        var firstByteSeconds: Double?
    }

    struct ConnectFailures: Codable, Equatable, Sendable {
        var refused: UInt64
        var timedOut: UInt64
        var unreachable: UInt64
        var other: UInt64
    }
}

/// Where an endpoint stands, the `state` label of `fanout_endpoints`.
enum EndpointState: String, Codable, CaseIterable, Sendable {
    case new
    case ready
    case suspect
    case ejected
    case draining
    /// Discovery does not name it any more; sessions are left on it.
    case removed
}
