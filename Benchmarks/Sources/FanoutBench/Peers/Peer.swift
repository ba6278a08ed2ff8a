import CBench
import Foundation

/// One thing to measure: a proxy between load and backend, or nothing between them.
protocol Peer: Sendable {
    /// The name in tables and in `--peers`.
    var name: String { get }
    /// The first line of what the program says of its version; empty when there is no program.
    var version: String { get }
    /// How to start it with one worker between the two ports of 127.0.0.1, or nil for no proxy at all. Files that it
    /// needs are written into `folder`.
    func command(listen: UInt16, backend: UInt16, folder: String) throws -> PeerCommand?
}

struct PeerCommand {
    let path: String
    var arguments: [String]
    var environment: [String: String] = [:]
    /// The signal that ends it at once.
    let stopSignal: Int32
}

/// Load and backend in one process on one CPU: the floor, since a relay does the stack's work of one client and one
/// server.
struct Direct: Peer {
    let name = "direct"
    let version = ""

    func command(listen: UInt16, backend: UInt16, folder: String) -> PeerCommand? { nil }
}

/// The first line that a program prints for `arguments`; empty when it prints nothing.
func firstLine(of path: String, _ arguments: [String]) -> String {
    guard let child = try? ChildProcess(path, arguments, cpu: -1, log: "/dev/null") else { return "" }
    return (try? child.readLine(within: 5)) ?? ""
}
