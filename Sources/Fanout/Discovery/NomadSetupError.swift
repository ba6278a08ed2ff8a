/// A setting from which no Nomad API client can be made; found at start, before any request.
enum NomadSetupError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No address is given and none can be derived from the environment.
    case noAddress
    /// A value is wrong: one line with what is wrong and what would be right.
    case invalid(String)

    var description: String {
        switch self {
        case .noAddress:
            "no address of the Nomad API is known: NOMAD_SECRETS_DIR is not set, so this is no Nomad task; set "
                + "--nomad-address or NOMAD_ADDR, for example http://127.0.0.1:4646"
        case .invalid(let message):
            message
        }
    }
}
