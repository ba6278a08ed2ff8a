import Foundation
import Traffic

/// Backends in processes of their own, of which now and then one is killed or stopped; it comes back at its address.
final class Mortals: @unchecked Sendable {
    static let service = "mortal"
    static let count = 5

    private struct Member {
        var process: BackendProcess
        var generation = 0
        let address: TrafficAddress
    }

    private let lock = NSLock()
    /// Touched by the thread that kills, and at the start.
    private var members: [Member] = []
    private var dead: Set<String> = []
    private var deaths: [(from: Double, to: Double)] = []

    init() throws {
        for index in 0..<Self.count {
            let listen = TrafficAddress.ipv4("127.0.4.\(index + 1)", port: 0)
            let process = try BackendProcess(on: listen, greeting: Self.name(index, 0))
            members.append(Member(process: process, address: process.address))
        }
    }

    var addresses: [TrafficAddress] { members.map(\.address) }

    private static func name(_ index: Int, _ generation: Int) -> String { "backend \(index) life \(generation)" }

    /// Whether the backend of that name was killed; without a name: whether any died since.
    func hasDied(_ name: String?, since: Double) -> Bool {
        lock.withLock {
            if let name { return dead.contains(name) }
            return deaths.contains { $0.to >= since }
        }
    }

    /// One is killed, is away for a moment and comes back, or is stopped for a moment.
    func strike(_ random: inout SeededGenerator, _ findings: Findings, _ sign: StopSign) throws {
        let index = Int.random(in: 0..<members.count, using: &random)
        guard Bool.random(using: &random) else {
            members[index].process.signal(SIGSTOP)
            findings.add(.stops)
            _ = sign.rest(Double.random(in: 0.05...0.5, using: &random))
            members[index].process.signal(SIGCONT)
            return
        }
        let from = Clock.now
        // Before the kill, for those who feel it at once.
        lock.withLock {
            dead.insert(Self.name(index, members[index].generation))
            deaths.append((from, .infinity))
        }
        members[index].process.end()
        findings.add(.kills)
        lock.withLock { deaths[deaths.count - 1].to = Clock.now }
        _ = sign.rest(Double.random(in: 0...0.3, using: &random))
        members[index].generation += 1
        let name = Self.name(index, members[index].generation)
        members[index].process = try BackendProcess(on: members[index].address, greeting: name)
    }

    func end() {
        for member in members { member.process.end() }
    }
}
