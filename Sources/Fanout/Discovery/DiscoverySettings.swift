/// How discovery asks.
struct DiscoverySettings: Sendable {
    /// The API's address; nil if no service is discovered by Nomad.
    var address: NomadAddress?
    /// The agent's own region if nil.
    var region: String?
    /// The namespace of services that name none where nothing else says so, as Nomad has it.
    static let defaultNamespace = "default"

    /// The namespace of services that name none.
    var namespace: String
    /// Whether any server may answer; re-synchronising reads go to the leader all the same.
    var allowsStale = true
    /// The file of `--token-file`, which wins over all other tokens.
    var tokenFile: String?
    /// The process's environment, or what a test wants it to be.
    var environment: [String: String]
    /// How long a blocking query may block; short enough to notice a restored catalogue, whose index is lower.
    var wait = Duration.seconds(60)
    var deadlines = RequestDeadlines()
    /// How long a pause of this length lasts: as long as it says, but where a hundred thousand answers are tested.
    var pauses: @Sendable (Duration) -> Duration = { $0 }

    /// Region and namespace default to the task's own, which Nomad sets in every task.
    init(address: NomadAddress?, environment: [String: String]) {
        self.address = address
        self.environment = environment
        region = environment.nonEmpty("NOMAD_REGION")
        namespace = environment.nonEmpty("NOMAD_NAMESPACE") ?? Self.defaultNamespace
    }

    /// The address, once it is known that a client for it can be made: the TLS files are read.
    ///
    /// Errors: there is no address, the files cannot be read or do not fit together.
    func usableAddress() throws(NomadSetupError) -> NomadAddress {
        guard let address else { throw .noAddress }
        switch address.transport {
        case .secure(_, _, let security): _ = try security.context()
        case .unix, .plain: break
        }
        return address
    }
}
