import CBench
import Foundation

/// Runs workloads and peers round by round: A B C A B C, every run with fresh processes and fresh ports.
struct Harness {
    static let proxyCPU: Int32 = 0
    static let loadCPU: Int32 = 1
    private static let warmUpShare = 0.25
    private static let patienceSeconds = 60.0

    let peers: [any Peer]
    let rounds: Int
    let seconds: Double
    /// For configurations and logs; removed by the caller.
    let folder: String
    /// This very program, which is its own load process.
    let program: String

    /// All rounds of one workload; calls `progress` before each run. A run that fails is reported, and the others go on.
    func run(_ workload: Workload, progress: (String) -> Void) throws -> (runs: [Run], failures: [Failure]) {
        var runs: [Run] = []
        var failures: [Failure] = []
        for round in 1...rounds {
            for peer in peers where peer.takes(workload) {
                progress("\(workload.name), round \(round) of \(rounds), \(peer.name)")
                do {
                    let before = hop()
                    let measurement = try measure(workload.multiplied(by: peer.multiple), peer)
                    let run = Run(
                        workload: workload.name,
                        peer: peer.name,
                        round: round,
                        measurement: measurement,
                        multiple: peer.multiple,
                        hops: [before, hop()]
                    )
                    runs.append(run)
                } catch {
                    guard bench_interrupted() == 0 else { throw BenchError("interrupted") }
                    failures.append(Failure(workload: workload.name, peer: peer.name, round: round, why: "\(error)"))
                }
            }
        }
        return (runs, failures)
    }

    /// Nanoseconds that a cache line takes at the moment between the CPUs of proxy and load; negative where that is not to be
    /// found out.
    private func hop() -> Double { bench_hop(Self.proxyCPU, Self.loadCPU) }

    private func measure(_ workload: Workload, _ peer: any Peer) throws -> Measurement {
        if let software = workload.software { return try measure(workload, software, peer) }
        let seconds = max(self.seconds, workload.leastSeconds)
        let order = LoadOrder(workload: workload, warmUpSeconds: max(0.2, seconds * Self.warmUpShare), seconds: seconds)
        let loadLog = "\(folder)/load.log"
        let (load, backend) = try startLoad(order, log: loadLog)
        let proxy = try start(peer, workload, backend: backend)
        let target = LoadTarget(port: proxy?.port ?? backend, process: proxy?.child.process)
        try load.write(line: try json(target))
        let answer: String
        do {
            answer = try load.readLine(within: seconds + order.warmUpSeconds + Self.patienceSeconds)
        } catch {
            throw BenchError("\(error)\n\(tail(loadLog))\(proxy.map { tail($0.log) } ?? "")")
        }
        load.stop(SIGKILL)
        try proxy?.end(self)
        return try JSONDecoder().decode(Measurement.self, from: Data(answer.utf8))
    }

    /// The whole run of a load tool against a real server.
    private func measure(_ workload: Workload, _ software: any Software, _ peer: any Peer) throws -> Measurement {
        let backend = try freshPort()
        let log = "\(folder)/server-\(backend).log"
        let serverCommand = try software.server(port: backend, folder: folder)
        let server = try start(serverCommand, listen: backend, cpu: Self.loadCPU, log: log)
        let proxy = try start(peer, workload, backend: backend)
        let tool = try software.tool(workload, port: proxy?.port ?? backend, seconds: seconds, folder: folder)
        let toolLog = "\(folder)/tool-\(backend).log"

        var measurement = Measurement()
        measurement.plannedSeconds = seconds
        let proxyCPU = { proxy.map { CPUTime.seconds(of: ProcessTree.members(of: $0.child.process)) } ?? 0 }
        let loadCPU = { CPUTime.seconds(of: ProcessTree.members(of: server.process)) + CPUTime.ofReapedChildren() }
        let loadBegin = loadCPU()
        let cpuBegin = proxyCPU()
        let begin = now()
        let child = try ChildProcess(tool, cpu: Self.loadCPU, log: toolLog)
        let output = try child.readToEnd(within: seconds * 10 + Self.patienceSeconds)
        measurement.seconds = Double(now() - begin) / 1e9
        measurement.cpuSeconds = proxyCPU() - cpuBegin
        let isFine = child.succeeds(within: 5_000)
        measurement.loadCPUSeconds = loadCPU() - loadBegin
        guard isFine else { throw BenchError("\(tool.path) fails\n\(output)\(tail(toolLog))") }
        try software.read(output, workload, folder: folder, into: &measurement)
        try proxy?.end(self)
        server.stop(serverCommand.stopSignal)
        return measurement
    }

    /// A proxy that serves, and what is needed to end it.
    struct RunningProxy {
        let child: ChildProcess
        let port: UInt16
        let log: String
        let stopSignal: Int32

        func end(_ harness: Harness) throws {
            guard child.isRunning else { throw BenchError("it ended under load\n\(harness.tail(log))") }
            child.stop(stopSignal)
        }
    }

    /// Starts a peer for a workload; nil for the direct run.
    func start(_ peer: any Peer, _ workload: Workload, backend: UInt16) throws -> RunningProxy? {
        let listen = try freshPort()
        let place = PeerPlace(listen: listen, backend: backend, workers: workload.workers, folder: folder)
        guard let command = peer.command(place) else { return nil }
        let log = "\(folder)/\(peer.name)-\(listen).log"
        let cpu = workload.scaledWorkers == nil ? Self.proxyCPU : -1
        let child = try start(command, listen: listen, cpu: cpu, log: log)
        return RunningProxy(child: child, port: listen, log: log, stopSignal: command.stopSignal)
    }

    /// Starts a load process; the port is its backend's.
    func startLoad(_ order: LoadOrder, log: String) throws -> (process: ChildProcess, backend: UInt16) {
        let load = try ChildProcess(program, ["load", try json(order)], cpu: Self.loadCPU, log: log)
        guard let backend = UInt16(try load.readLine(within: 10)) else { throw BenchError("the load has no port") }
        return (load, backend)
    }

    /// Starts a program on a CPU and waits until it listens.
    func start(
        _ command: PeerCommand,
        listen: UInt16,
        cpu: Int32 = proxyCPU,
        log: String
    ) throws -> ChildProcess {
        let child = try ChildProcess(command, cpu: cpu, log: log)
        try child.waitForLine(command.readyLine, in: log)
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
        throw BenchError(bench_interrupted() == 0 ? "it does not listen\n\(tail(log))" : "interrupted")
    }

    /// The last lines of a log, for errors.
    func tail(_ log: String) -> String {
        (readText(log) ?? "").split(separator: "\n").suffix(10).map { "  \($0)\n" }.joined()
    }

    func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }
}
