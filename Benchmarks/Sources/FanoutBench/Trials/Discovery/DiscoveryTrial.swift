import CBench
import Foundation

/// How long a change in Nomad takes until new connections follow it.
///
/// Backend A holds connections, so that least connections sends every new one to B for as long as B is known. B joins
/// and leaves again and again; the time is from Nomad's answer to the change until a probe comes out where it should.
struct DiscoveryTrial {
    static let held = 8
    private static let service = "bench"
    private static let patienceNanoseconds: UInt64 = 30_000_000_000
    private static let a = 0
    private static let b = 1

    let harness: Harness
    let fanout: Fanout
    /// The path of the program.
    let nomadDouble: String
    /// How often B joins and leaves.
    let changes: Int

    /// Calls `progress` now and then.
    func run(progress: (String) -> Void) throws -> DiscoveryResult {
        let listen = try harness.freshPort()
        let point = try CrossingPoint(proxy: listen, backends: 2)
        let double = try NomadDouble(nomadDouble, folder: harness.folder)
        try double.command("add \(Self.service) 127.0.0.1:\(point.ports[Self.a])")
        let log = "\(harness.folder)/discovery.log"
        let command = fanout.command(listen: listen, service: Self.service, secrets: double.secrets)
        let proxy = try harness.start(command, listen: listen, log: log)
        let held = try (0..<Self.held).map { _ in
            guard let crossing = point.cross() else {
                throw BenchError("no connection to the first endpoint\n\(harness.tail(log))")
            }
            return crossing
        }

        var unchanged: [UInt64] = []
        var joined: [UInt64] = []
        var left: [UInt64] = []
        var tally = Tally()
        let place = "127.0.0.1:\(point.ports[Self.b])"
        for change in 1...changes {
            progress("discovery, change \(change) of \(changes)")
            do {
                let start = now()
                unchanged.append(try arrival(at: Self.a, through: point, &tally) - start)
                let added = try double.command("add \(Self.service) \(place)")
                joined.append(try arrival(at: Self.b, through: point, &tally) - added)
                let removed = try double.command("remove \(place)")
                left.append(try arrival(at: Self.a, through: point, &tally) - removed)
            } catch {
                throw BenchError("discovery, change \(change): \(error)\n\(harness.tail(log))")
            }
        }
        let deadline = now() + CrossingPoint.patienceNanoseconds
        let echoed = held.enumerated().count { $1.echoes(UInt64.max - UInt64($0), by: deadline) }
        guard proxy.isRunning else { throw BenchError("fanout ended in discovery\n\(harness.tail(log))") }
        let wasClean = held.count { $0.finish(by: deadline) }
        proxy.stop(command.stopSignal)
        guard let unchanged = Delays(unchanged), let joined = Delays(joined), let left = Delays(left) else {
            throw BenchError("discovery: no changes")
        }
        return DiscoveryResult(
            changes: changes,
            unchanged: unchanged,
            joined: joined,
            left: left,
            probes: tally.probes,
            failedProbes: tally.failed,
            held: held.count,
            heldLost: held.count - min(echoed, wasClean)
        )
    }

    /// Probes until `backend` accepts one; the moment it did.
    private func arrival(at backend: Int, through point: CrossingPoint, _ tally: inout Tally) throws -> UInt64 {
        let limit = now() + Self.patienceNanoseconds
        while bench_interrupted() == 0 && now() < limit {
            tally.probes += 1
            guard let probe = point.probe() else {
                tally.failed += 1
                continue
            }
            if probe.backend == backend { return probe.acceptedAt }
        }
        guard bench_interrupted() == 0 else { throw BenchError("interrupted") }
        throw BenchError("connections do not follow Nomad (\(tally.probes) probes, \(tally.failed) failed)")
    }

    private struct Tally {
        var probes = 0
        var failed = 0
    }
}
