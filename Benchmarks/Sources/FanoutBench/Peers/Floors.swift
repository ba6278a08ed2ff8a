import Foundation

/// Load and backend in one process on one CPU: a floor, since a relay does the stack's work of one client and one
/// server. Nothing passes from one CPU to another, and nothing that comes is copied.
struct Direct: Peer {
    let name = "direct"
    let title = "no proxy: load and backend by themselves on one CPU, a floor"
    let path: String? = nil
    let version = ""
    let source = ""

    func command(_ place: PeerPlace) -> PeerCommand? { nil }
    func takes(_ workload: Workload) -> Bool { workload.scaledWorkers == nil }
}

/// A server in the proxy's place that sends back what comes: the floor of a proxy that copies and has its peers on another
/// CPU, which does the work of two such ends, with as many sockets. For messages alone: with bulk and short connections the
/// two ends of a connection are not alike.
struct Echo: Peer {
    let name = "echo"
    let title = "no proxy: an echo server in its place, with twice the connections and counted twice, a floor"
    let program: String
    let version = ""
    let source = "this program"
    let multiple = 2

    var path: String? { program }

    func command(_ place: PeerPlace) -> PeerCommand? {
        PeerCommand(path: program, arguments: ["echo", "\(place.listen)"], stopSignal: SIGKILL)
    }

    func takes(_ workload: Workload) -> Bool { workload.kind == .exchange && workload.scaledWorkers == nil }
}
