import Foundation
import Testing
import Traffic

/// Three Redis servers behind the proxy, with as many held connections to each, of which it is known where they lead.
final class RedisRig {
    static let clientsOfEach = 8

    let servers: [Redis]
    let fanout: FanoutProcess
    let address: TrafficAddress
    /// The connections to each server.
    let clients: [[LineClient]]
    /// Traffic on the connections to the second and the third server.
    let visitors: Visitors

    init() throws {
        servers = try (0..<3).map { _ in try Redis() }
        for (index, redis) in servers.enumerated() {
            try Redis.cli(["SET", "server", "\(index)"], to: redis.address, in: redis.folder)
        }
        fanout = try proxy(to: servers.map(\.address))
        address = try fanout.address()
        var clients: [[LineClient]] = [[], [], []]
        // Least connections: held connections that are opened one after another are spread evenly.
        for _ in 0..<(3 * Self.clientsOfEach) {
            let client = try LineClient(to: address)
            #expect(try client.redis("GET server") == "$1")
            let index = try #require(Int(try client.redisLine()))
            clients[index].append(client)
        }
        for held in clients { #expect(held.count == Self.clientsOfEach) }
        self.clients = clients
        visitors = Visitors(clients[1] + clients[2])
    }

    func stop() {
        _ = visitors.stop()
        fanout.stop()
        for server in servers { server.stop() }
    }
}

/// A thread that asks on each of its connections in turn, without pause, and checks the answers.
final class Visitors: @unchecked Sendable {
    private let clients: [LineClient]
    private let lock = NSLock()
    private var rounds = 0
    private var failures: [String] = []
    private var isStopping = false
    private var isRunning = false

    init(_ clients: [LineClient]) { self.clients = clients }

    func start() {
        lock.withLock { isRunning = true }
        let thread = Thread { [self] in
            var round = 0
            while !lock.withLock({ isStopping }) {
                round += 1
                for index in clients.indices { visit(index, round) }
                lock.withLock { rounds += 1 }
            }
            lock.withLock { isRunning = false }
        }
        thread.start()
    }

    private func visit(_ index: Int, _ round: Int) {
        do {
            let answer = try clients[index].redis("INCR visits:\(index)")
            guard answer != ":\(round)" else { return }
            lock.withLock { failures.append("\(answer) instead of \(round)") }
        } catch {
            lock.withLock {
                failures.append("\(error) on connection \(index) in round \(round)")
                isStopping = true
            }
        }
    }

    /// Waits for that many rounds from now on, unless something failed.
    func waitForRounds(_ count: Int) throws {
        let (start, _) = lock.withLock { (rounds, failures) }
        try waitUntil("\(count) rounds") { lock.withLock { rounds >= start + count || !failures.isEmpty } }
    }

    /// Ends the thread.
    /// - Returns: what failed.
    func stop() -> [String] {
        lock.withLock { isStopping = true }
        while lock.withLock({ isRunning }) { usleep(1_000) }
        return lock.withLock { failures }
    }
}

/// How the kernel has a process (proc_pid_stat(5)): R, S, T and so on.
enum ProcessState {
    static func of(_ pid: Int32) throws -> String {
        let line = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        // The name before it, in parentheses, may hold anything.
        let fields = line[(line.lastIndex(of: ")") ?? line.startIndex)...].split(separator: " ")
        return fields.count > 1 ? String(fields[1]) : ""
    }
}
