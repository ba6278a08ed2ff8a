import Foundation

/// Fanout with one worker.
struct Fanout: Peer {
    let name = "fanout"
    let path: String

    var version: String { firstLine(of: path, ["--version"]) }

    func command(listen: UInt16, backend: UInt16, folder: String) -> PeerCommand? {
        PeerCommand(
            path: path,
            arguments: [
                "--listen-address", "127.0.0.1:\(listen)", "--endpoint", "127.0.0.1:\(backend)",
                "--workers", "1", "--access-log", "off",
            ],
            stopSignal: SIGQUIT
        )
    }

    /// In front of a Nomad service; `secrets` is the folder of api.sock and nomad_token.
    func command(listen: UInt16, service: String, secrets: String) -> PeerCommand {
        PeerCommand(
            path: path,
            arguments: [
                "--service", service, "--listen-address", "127.0.0.1:\(listen)",
                "--workers", "1", "--access-log", "off",
            ],
            environment: ["NOMAD_SECRETS_DIR": secrets],
            stopSignal: SIGQUIT
        )
    }
}
