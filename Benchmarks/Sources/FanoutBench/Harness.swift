import CBench
import Foundation

/// Runs workloads and peers round by round: A B C A B C, every run with fresh processes and fresh ports.
struct Harness {
    static let proxyCPU: Int32 = 0
    static let loadCPU: Int32 = 1
    private static let warmUpShare = 0.2

    let peers: [any Peer]
    let rounds: Int
    let seconds: Double
    /// For configurations and logs; removed by the caller.
    let folder: String
    /// This very program, which is its own load process.
    let program: String

    /// Calls `progress` before each run.
    func run(_ workloads: [Workload], progress: (String) -> Void) throws -> [Run] {
        var runs: [Run] = []
        for workload in workloads {
            for round in 1...rounds {
                for peer in peers where !(workload == .idle && peer is Direct) {
                    progress("\(workload.rawValue), round \(round) of \(rounds), \(peer.name)")
                    let measurement = try measure(workload, peer)
                    runs.append(Run(workload: workload, peer: peer.name, round: round, measurement: measurement))
                }
            }
        }
        return runs
    }

    private func measure(_ workload: Workload, _ peer: any Peer) throws -> Measurement {
        let order = LoadOrder(workload: workload, warmUpSeconds: max(0.2, seconds * Self.warmUpShare), seconds: seconds)
        let loadLog = "\(folder)/load.log"
        let (load, backend) = try startLoad(order, log: loadLog)
        let listen = try freshPort()
        let proxyLog = "\(folder)/\(peer.name).log"
        var target = LoadTarget(port: backend, process: nil)
        var proxy: ChildProcess?
        let command = try peer.command(listen: listen, backend: backend, folder: folder)
        if let command {
            let child = try start(command, listen: listen, log: proxyLog)
            target = LoadTarget(port: listen, process: child.process)
            proxy = child
        }
        try load.write(line: try json(target))
        let answer: String
        do {
            let patience = 60.0
            answer = try load.readLine(within: seconds + order.warmUpSeconds + patience)
        } catch {
            throw BenchError("\(workload.rawValue) on \(peer.name): \(error)\n\(tail(loadLog))\(tail(proxyLog))")
        }
        let measurement = try JSONDecoder().decode(Measurement.self, from: Data(answer.utf8))
        load.stop(SIGKILL)
        if let command, let proxy {
            guard proxy.isRunning else { throw BenchError("\(peer.name) ended under load\n\(tail(proxyLog))") }
            proxy.stop(command.stopSignal)
        }
        return measurement
    }

    /// Starts a load process; the port is its backend's.
    func startLoad(_ order: LoadOrder, log: String) throws -> (process: ChildProcess, backend: UInt16) {
        let load = try ChildProcess(program, ["load", try json(order)], cpu: Self.loadCPU, log: log)
        guard let backend = UInt16(try load.readLine(within: 10)) else { throw BenchError("the load has no port") }
        return (load, backend)
    }

    /// Starts a peer on its CPU and waits until it listens.
    func start(_ command: PeerCommand, listen: UInt16, log: String) throws -> ChildProcess {
        let child = try ChildProcess(
            command.path,
            command.arguments,
            environment: command.environment,
            cpu: Self.proxyCPU,
            log: log
        )
        try waitUntilReady(child, port: listen, log: log)
        return child
    }

    /// A port that no listener of this machine has at the moment; each call asks the kernel anew.
    func freshPort() throws -> UInt16 {
        guard let port = UInt16(exactly: bench_free_port()) else { throw BenchError("no free port") }
        return port
    }

    private func waitUntilReady(_ child: ChildProcess, port: UInt16, log: String) throws {
        let limit = now() + 10_000_000_000
        while now() < limit && child.isRunning {
            let descriptor = bench_connect(port)
            if descriptor >= 0 {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&entry, 1, 100)
                let isConnected = entry.revents != 0 && bench_connect_result(descriptor) == 0
                close(descriptor)
                if isConnected { return }
            }
            usleep(5_000)
        }
        throw BenchError(bench_interrupted() == 0 ? "a peer does not listen\n\(tail(log))" : "interrupted")
    }

    /// The last lines of a log, for errors.
    func tail(_ log: String) -> String {
        (readText(log) ?? "").split(separator: "\n").suffix(10).map { "  \($0)\n" }.joined()
    }

    func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
}
