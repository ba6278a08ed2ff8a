/// Where the token of requests comes from: the file that the operator names, else `nomad_token` in `NOMAD_SECRETS_DIR`,
/// else the value of `NOMAD_TOKEN`. The one place that knows this order; it looks at no file.
struct TokenSource {
    static let folderVariable = "NOMAD_SECRETS_DIR"
    static let tokenVariable = "NOMAD_TOKEN"

    /// Nil if none is named.
    let file: String?
    /// Whether the operator has named the file: then nothing takes its place.
    let isExplicit: Bool
    /// The value of `NOMAD_TOKEN`, a secret. It also serves while the file in the secrets directory does not exist: an
    /// identity with `env = true` alone writes none.
    let fixedToken: String?

    init(explicitFile: String?, environment: [String: String]) {
        isExplicit = explicitFile != nil
        file = explicitFile ?? environment.nonEmpty(Self.folderVariable).map { "\($0)/nomad_token" }
        fixedToken = isExplicit ? nil : environment.nonEmpty(Self.tokenVariable).flatMap(TokenText.headerValue)
    }
}
