import Foundation

/// Benchmarks/Peers/relay.go.
struct GoRelay: Peer {
    let name = "go"
    let title = "a Go relay: net.Dial and two io.Copy (Benchmarks/Peers/relay.go)"
    let program: String
    let source = "scripts/fanout bench, with the Debian package golang-go"

    var path: String? { program }
    var version: String { firstLine(of: program, ["version"]) }

    func command(_ place: PeerPlace) -> PeerCommand? {
        PeerCommand(
            path: program,
            arguments: ["127.0.0.1:\(place.listen)", "127.0.0.1:\(place.backend)"],
            environment: ["GOMAXPROCS": "\(place.workers)"],
            stopSignal: SIGTERM
        )
    }
}
