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
}
