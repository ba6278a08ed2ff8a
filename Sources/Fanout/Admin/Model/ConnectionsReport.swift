/// The answer of `/connections`: some of the living connections.
struct ConnectionsReport: Codable, Equatable, Sendable {
    var total: Int
    var shown: Int
    /// The oldest first.
    var connections: [Entry]

    /// What `?limit=` is without one, and at most.
    static let defaultLimit = 100
    static let mostShown = 1_000

    struct Entry: Codable, Equatable, Sendable {
        /// As in the access log.
        var conn: UInt64
        var service: String
        var worker: Int
        /// Nil when it had gone before it was asked for.
        var client: String?
        /// Nil while none was chosen.
        var endpoint: String?
        var alloc: String?
        var durationSeconds: Double
        var txBytes: UInt64
        var rxBytes: UInt64
        var attempts: Int
    }
}
