/// The answer of `/ready`, with status 200 or 503.
struct ReadinessReport: Codable, Equatable, Sendable {
    var ready: Bool
    /// Only when it is ready.
    var services: [Service]?
    /// Only when it is not.
    var reasons: [String]?

    struct Service: Codable, Equatable, Sendable {
        var service: String
        /// Since discovery has last answered; nil for endpoints that the operator gave.
        var ageSeconds: Double?
    }
}

/// The answer of `/live`.
struct LivenessReport: Codable, Equatable, Sendable {
    var live: Bool
}
