import CBench
import Foundation

/// One thing to measure: a proxy between load and backend, or nothing between them.
protocol Peer: Sendable {
    /// The name in tables and in `--peers`.
    var name: String { get }
    /// What it is, for the report.
    var title: String { get }
    /// The program that is run; nil when there is none.
    var path: String? { get }
    /// The first line of what the program says of its version; empty when there is no program.
    var version: String { get }
    /// Where the program comes from, for the operator who lacks it.
    var source: String { get }
    /// How to start it between two ports of 127.0.0.1 with that many workers, or nil for no proxy at all.
    func command(_ place: PeerPlace) -> PeerCommand?
    /// Whether its figures mean something under that load.
    func takes(_ workload: Workload) -> Bool
    /// So many of it do the work of one proxy: its connections and its CPU time are multiplied by it.
    var multiple: Int { get }
}

/// Where a peer is to run.
struct PeerPlace {
    let listen: UInt16
    let backend: UInt16
    let workers: Int
    /// For the peer's configuration and whatever it writes.
    let folder: String
}

struct PeerCommand {
    let path: String
    var arguments: [String]
    var environment: [String: String] = [:]
    /// The signal that ends it at once.
    let stopSignal: Int32
    /// A file that is written before the start.
    var configuration: ConfigurationFile?
    /// What it logs once it serves; nil when it serves as soon as it listens.
    var readyLine: String?
}

extension [any Peer] {
    var hasFanout: Bool { contains { $0 is Fanout } }
}

struct ConfigurationFile {
    let path: String
    let text: String
}

extension Peer {
    func takes(_ workload: Workload) -> Bool { true }
    var multiple: Int { 1 }

    /// The name without its variant: what `--missing` names.
    var family: String { String(name.prefix { $0 != "-" }) }

    /// Why it cannot be measured; nil when it can.
    var obstacle: String? {
        guard let path, !FileManager.default.isExecutableFile(atPath: path) else { return nil }
        return "no program at \(path); it comes from \(source)"
    }
}

/// The first line with text that a program prints for `arguments`, on whichever of its outputs; empty when it prints nothing.
func firstLine(of path: String, _ arguments: [String]) -> String {
    let log = temporaryPath()
    defer { try? FileManager.default.removeItem(atPath: log) }
    guard let child = try? ChildProcess(path, arguments, cpu: -1, log: log) else { return "" }
    while let line = try? child.readLine(within: 5) {
        if !line.isEmpty { return line }
    }
    return (readText(log) ?? "").split(separator: "\n").first.map(String.init) ?? ""
}
