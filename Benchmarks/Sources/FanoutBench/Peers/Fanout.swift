import Foundation

struct Fanout: Peer {
    let name = "fanout"
    let title = "Fanout, access log off"
    let program: String
    let source = "scripts/fanout build"

    var path: String? { program }
    var version: String { "fanout \(firstLine(of: program, ["--version"]))" }

    func command(_ place: PeerPlace) -> PeerCommand? {
        start(["--endpoint", "127.0.0.1:\(place.backend)"], listen: place.listen, workers: place.workers)
    }

    /// In front of a Nomad service; `secrets` is the folder of api.sock and nomad_token.
    func command(listen: UInt16, service: String, secrets: String) -> PeerCommand {
        var command = start(["--service", service], listen: listen, workers: 1)
        command.environment = ["NOMAD_SECRETS_DIR": secrets]
        return command
    }

    private func start(_ target: [String], listen: UInt16, workers: Int) -> PeerCommand {
        PeerCommand(
            path: program,
            arguments: target + [
                "--listen-address", "127.0.0.1:\(listen)", "--workers", "\(workers)", "--access-log", "off",
            ],
            stopSignal: SIGQUIT
        )
    }
}
