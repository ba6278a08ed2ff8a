import Reactor

/// What of the file system a run needs: the token, the certificates of the Nomad API, its own unix sockets, and the
/// folder of its state file.
struct Confinement {
    let readable: [String]
    let listening: [String]
    let writable: [String]

    init(_ configuration: Configuration, environment: [String: String]) {
        let variables = [
            "NOMAD_SECRETS_DIR", "NOMAD_CACERT", "NOMAD_CAPATH", "NOMAD_CLIENT_CERT", "NOMAD_CLIENT_KEY",
            "SSL_CERT_FILE", "SSL_CERT_DIR",
        ]
        readable = [configuration.nomad.tokenFile].compactMap { $0 } + variables.compactMap(environment.nonEmpty)
        let addresses = configuration.services.map(\.listen) + [configuration.admin].compactMap { $0 }
        listening = addresses.compactMap(\.unixPath)
        writable = [configuration.stateFile].compactMap { $0 }
    }

    /// Before the first thread. A kernel that refuses costs safety, not service.
    ///
    /// - Returns: what came of it, for the log.
    func apply() -> String {
        do {
            let abi = try FileConfinement.apply(readable: readable, listening: listening, writable: writable)
            return abi.map { "landlock \($0)" } ?? "no landlock"
        } catch {
            return "none: \(error)"
        }
    }
}
