import CBench
import Foundation

/// What a proxy holds at rest: after any number of connections it must be the same.
struct ProxyState: Codable, Equatable {
    let descriptors: Int
    let pendingOperations: Int
    let freeBuffers: Int
    /// Connections that the process counts, and those that its workers serve.
    let connections: Int
    let active: Int

    var isIdle: Bool { connections == 0 && active == 0 }
}

/// The state dumps of a Fanout that logs JSON to a file.
struct StateDumps {
    private static let patienceSeconds = 10.0
    private static let pauseMicroseconds: UInt32 = 50_000

    let process: ChildProcess
    let log: String

    /// The state once no connection is left and two dumps in a row agree.
    func settled() throws -> ProxyState {
        let limit = now() + UInt64(Self.patienceSeconds * 1e9)
        var last = try take()
        while now() < limit {
            usleep(Self.pauseMicroseconds)
            let next = try take()
            if next.isIdle && next == last { return next }
            last = next
        }
        throw BenchError("fanout does not come to rest: \(last)")
    }

    /// Asks for a dump and reads it.
    private func take() throws -> ProxyState {
        let limit = now() + UInt64(Self.patienceSeconds * 1e9)
        let known = lines().count
        guard process.isRunning else { throw BenchError("fanout has ended") }
        kill(process.process, SIGUSR1)
        while now() < limit && bench_interrupted() == 0 {
            let fresh = lines().dropFirst(known)
            if let end = fresh.firstIndex(where: { $0["message"] == "state ends" }) {
                return try state(Array(fresh[..<end]))
            }
            usleep(Self.pauseMicroseconds / 10)
        }
        throw BenchError("fanout does not dump its state")
    }

    /// The whole lines of the log.
    private func lines() -> [[String: String]] {
        let text = readText(log) ?? ""
        let whole = text[..<(text.lastIndex(of: "\n") ?? text.startIndex)]
        return whole.split(separator: "\n").map { line in
            (try? JSONDecoder().decode([String: String].self, from: Data(line.utf8))) ?? [:]
        }
    }

    private func state(_ lines: [[String: String]]) throws -> ProxyState {
        func sum(_ message: String, _ name: String) throws -> Int {
            let values = lines.filter { $0["message"] == message }.map { $0[name].flatMap { Int($0) } }
            guard !values.isEmpty, !values.contains(nil) else { throw BenchError("fanout's state lacks \(name)") }
            return values.compactMap(\.self).reduce(0, +)
        }
        return ProxyState(
            descriptors: try sum("state", "descriptors"),
            pendingOperations: try sum("state of worker", "pending_operations"),
            freeBuffers: try sum("state of worker", "free_buffers"),
            connections: try sum("state", "connections"),
            active: try sum("state of worker", "active")
        )
    }
}
