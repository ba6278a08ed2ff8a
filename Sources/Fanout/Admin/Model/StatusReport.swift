/// The answer of `/status`: the process, its workers and services, and what has happened of late.
struct StatusReport: Codable, Equatable, Sendable {
    /// What the process is about.
    enum State: String, Codable, Sendable {
        /// Discovery has not answered yet for each service.
        case starting
        case ready
        case draining
    }

    var version: String
    var commit: String
    var pid: Int32
    var uptimeSeconds: Double
    var state: State
    /// Why it is not ready; empty if it is.
    var reasons: [String]
    var driver: String
    /// Why it is this one.
    var driverReason: String
    var kernelFeatures: [String]
    var maxConnections: Int
    var connections: Int
    var workers: [Worker]
    var services: [Service]
    var logDroppedTotal: UInt64
    /// The last ones, newest last.
    var events: [Event]

    struct Worker: Codable, Equatable, Sendable {
        var worker: Int
        var connections: UInt64
        var acceptedTotal: UInt64
        var busySecondsTotal: Double
        var entersTotal: UInt64
        var completionsTotal: UInt64
        var bufferStarvedTotal: UInt64
    }

    struct Service: Codable, Equatable, Sendable {
        /// The label; several services may share one.
        var service: String
        /// Of a service of Nomad.
        var namespace: String?
        /// With the real port.
        var listen: String
        var connections: UInt64
        /// Of these, clients that have no upstream yet and wait for an endpoint.
        var waiting: UInt64
        var acceptedTotal: UInt64
        var rejectedTotal: [String: UInt64]
        /// By the `close` field of the access log; reasons that have not occurred are left out.
        var closedTotal: [String: UInt64]
        var txBytes: UInt64
        var rxBytes: UInt64
        var retriesTotal: UInt64
        /// How many are in which state.
        var endpoints: [String: Int]
        var connectSeconds: Quantiles
        var firstByteSeconds: Quantiles
        var durationSeconds: Quantiles
        var discovery: Discovery
    }

    /// Times of all connections since the start, estimated from a histogram; nil before the first.
    struct Quantiles: Codable, Equatable, Sendable {
        var count: UInt64
        var p50: Double?
        var p95: Double?
        var p99: Double?
    }

    struct Discovery: Codable, Equatable, Sendable {
        /// `nomad` or `fixed`.
        var source: String
        /// The catalogue's, of the last applied answer.
        var index: UInt64?
        /// Since the last applied answer.
        var ageSeconds: Double?
        /// Whether the last query failed.
        var failing: Bool
        var errorsTotal: UInt64
    }

    struct Event: Codable, Equatable, Sendable {
        /// Seconds since 1970.
        var time: Double
        var level: String
        var text: String
    }
}
