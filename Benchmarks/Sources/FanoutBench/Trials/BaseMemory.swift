import Foundation

/// What a peer's processes take at rest, with two workers and no connection.
struct BaseMemory: Codable {
    static let workers = 2
    private static let restMicroseconds: UInt32 = 500_000

    let peer: String
    let processes: Int
    let threads: Int
    let memory: MemoryUse

    /// Starts the peer and looks at it when it has come to rest; nil for what is no proxy.
    init?(_ peer: any Peer, harness: Harness) throws {
        let workload = Workload(name: "memory", kind: .idle, connections: 0, scaledWorkers: Self.workers)
        guard peer.takes(workload), let proxy = try harness.start(peer, workload, backend: try harness.freshPort())
        else { return nil }
        usleep(Self.restMicroseconds)
        let members = ProcessTree.members(of: proxy.child.process)
        self.peer = peer.name
        processes = members.count
        threads = members.reduce(0) { sum, process in
            sum + ((try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []).count
        }
        memory = MemoryUse(of: members)
        try proxy.end(harness)
    }
}
