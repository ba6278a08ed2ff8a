import Foundation

/// What a run counted, and which promises were broken. Thread-safe.
final class Findings: @unchecked Sendable {
    /// So many broken promises are kept in words; all are counted.
    private static let keptReasons = 40

    private let lock = NSLock()
    private var counts: [Count: Int] = [:]
    private var reasons: [String] = []
    private var brokenCount = 0

    func add(_ count: Count, _ amount: Int = 1) {
        lock.withLock { counts[count, default: 0] += amount }
    }

    subscript(count: Count) -> Int { lock.withLock { counts[count] ?? 0 } }

    /// A promise does not hold: the run goes on, and fails in the end.
    func broken(_ reason: String) {
        let line = lock.withLock { () -> String? in
            brokenCount += 1
            guard reasons.count < Self.keptReasons else { return nil }
            reasons.append(reason)
            return reason
        }
        if let line { Terminal.say("BROKEN: \(line)") }
    }

    /// Says that `actual` is what it has to be, or breaks.
    func expect<Value: Equatable>(_ what: String, _ actual: Value, is wanted: Value) {
        if actual != wanted { broken("\(what): \(actual), not \(wanted)") }
    }

    func expect(_ what: String, _ actual: Double, atMost limit: Double, unit: String) {
        if actual > limit { broken("\(what): \(Terminal.number(actual)) \(unit), at most \(Terminal.number(limit))") }
    }

    var broken: Int { lock.withLock { brokenCount } }

    /// One line for each count that is not 0, in the order of their declaration.
    var table: String {
        let counted = lock.withLock { counts }
        return Count.allCases.compactMap { count in
            counted[count].map { "  \(count.rawValue.padding(toLength: 44, withPad: " ", startingAt: 0)) \($0)" }
        }.joined(separator: "\n")
    }

    /// The last lines of a command.
    func conclude() throws {
        let (count, reasons) = lock.withLock { (brokenCount, self.reasons) }
        guard count > 0 else {
            Terminal.say("every promise held")
            return
        }
        Terminal.say("\(count) times a promise was broken:\n" + reasons.map { "  \($0)" }.joined(separator: "\n"))
        throw Broken(count: count)
    }
}

/// What is counted, by its name in the table.
enum Count: String, CaseIterable {
    case churn = "verified: short connections"
    case halves = "verified: connections with half-closes"
    case resets = "verified: connections with resets"
    case bulk = "verified: bulk connections"
    case verifiedMebibytes = "verified: MiB, both ways"
    case connectRetries = "connects tried again for want of ports"
    case conversations = "long connections, ended in order"
    case messages = "messages answered on them"
    case cutOff = "cut off with their backend (a reset)"
    case cutOffEarly = "of them before the backend had spoken"
    case kills = "backends killed (SIGKILL)"
    case stops = "backends stopped for a while (SIGSTOP)"
    case flaps = "endpoints left or joined"
    case rotations = "tokens rotated"
    case interfaceRestarts = "API restarts and crashes"
    case interfaceFaults = "API answers gone wrong"
    case signals = "SIGHUP"
    case dumps = "SIGUSR1"
    case pauses = "pauses of the proxy (SIGSTOP)"
}

/// Ends the command with exit code 1.
struct Broken: Error, CustomStringConvertible {
    let count: Int
    var description: String { "\(count) times a promise was broken" }
}
