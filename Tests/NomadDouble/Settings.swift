/// The behaviour of Nomad that a test chooses; may be changed while the double serves.
public struct Settings: Sendable {
    /// Which agent is imitated where versions differ.
    public enum Version: Sendable {
        /// 1.5 and 1.6: with ACLs off a bogus token is refused on the task API.
        case before17
        /// 1.7 and later: with ACLs off any non-empty token passes.
        case since17
    }

    public var isAccessControlEnabled = true
    public var version = Version.since17
    /// Real seconds per second of Nomad's: 0.01 lets a `wait` of a minute pass in 0.6 s. Never below zero.
    public var timeScale = 1.0
    public var spuriousWakes = SpuriousWakes.siblingPrefix
    public var region = "global"
    /// The operator's `http_api_response_headers`.
    public var responseHeaders: [String: String] = [:]
    /// `http_max_conns_per_client`, which the TCP door applies to each address.
    public var connectionsPerAddress = 100

    public init() {}
}
