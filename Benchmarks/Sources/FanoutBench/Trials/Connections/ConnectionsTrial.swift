import CBench
import Foundation

/// Whether many short connections leave anything behind in Fanout.
///
/// The load is that of churn: the backend closes first, so no local port is used up.
struct ConnectionsTrial {
    /// Made before the first look, so that what is set up once is there.
    private static let warmUp = 1_000

    let harness: Harness
    let fanout: Fanout
    let connections: Int

    /// Calls `progress` before it starts.
    func run(progress: (String) -> Void) throws -> ConnectionsResult {
        progress("connections, \(connections) of them")
        let loadLog = "\(harness.folder)/load.log"
        let log = "\(harness.folder)/connections.log"
        let (load, backend) = try harness.startLoad(
            LoadOrder(workload: .churn64, warmUpSeconds: 0, seconds: 0),
            log: loadLog
        )
        let listen = try harness.freshPort()
        let place = PeerPlace(listen: listen, backend: backend, workers: 1, folder: harness.folder)
        guard var command = fanout.command(place) else {
            throw BenchError("fanout cannot be started")
        }
        command.arguments += ["--log-format", "json"]
        let proxy = try harness.start(command, listen: listen, log: log)
        let dumps = StateDumps(process: proxy, log: log)
        do {
            func exchange(_ count: Int) throws -> Measurement {
                let target = LoadTarget(port: listen, process: proxy.process, connections: count)
                try load.write(line: try harness.json(target))
                let answer = try load.readLine(within: Load.exchangeSeconds + 10)
                return try JSONDecoder().decode(Measurement.self, from: Data(answer.utf8))
            }
            let warmUp = try exchange(Self.warmUp)
            let before = try dumps.settled()
            let memoryBefore = MemoryUse(of: [proxy.process])
            let measurement = try exchange(connections)
            let after = try dumps.settled()
            let memoryAfter = MemoryUse(of: [proxy.process])
            load.stop(SIGKILL)
            proxy.stop(command.stopSignal)
            return ConnectionsResult(
                connections: connections,
                failed: warmUp.errors + measurement.errors,
                seconds: measurement.seconds,
                before: before,
                after: after,
                memoryBefore: memoryBefore,
                memoryAfter: memoryAfter
            )
        } catch {
            throw BenchError("connections: \(error)\n\(harness.tail(loadLog))\(harness.tail(log))")
        }
    }
}

/// What Fanout's connections trial found.
struct ConnectionsResult: Codable {
    let connections: Int
    let failed: Int
    let seconds: Double
    let before: ProxyState
    let after: ProxyState
    let memoryBefore: MemoryUse
    let memoryAfter: MemoryUse

    var isEqual: Bool { before == after }
}
