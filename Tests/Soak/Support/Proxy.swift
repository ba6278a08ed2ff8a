import Foundation
import Traffic

/// The proxy as a child process. Thread-safe.
final class Proxy: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// So many of the last log lines are kept, for the case that something goes wrong.
    private static let keptLines = 200

    private let lock = NSLock()
    private let asking = NSLock()
    private var addresses: [TrafficAddress] = []
    private var facts: [String: String] = [:]
    private var lines: [String] = []
    private var dump = ProxyState()
    private var dumps: (count: Int, last: ProxyState) = (0, ProxyState())
    private var accessRecords = 0
    // Set once, at the end of init.
    private var process: ChildProcess?

    /// - Parameter descriptors: RLIMIT_NOFILE.
    /// - Parameter before: a shell command that runs in the process before it becomes the proxy.
    init(
        _ options: ProxyOptions,
        _ arguments: [String],
        environment: [String: String] = [:],
        descriptors: Int? = nil,
        before: String? = nil
    ) throws {
        let setUp = [descriptors.map { "ulimit -n \($0)" }, before].compactMap { $0 }
        let all = arguments + ["--log-format", "json"]
        let shell = ["-c", (setUp + ["exec \"$0\" \"$@\""]).joined(separator: "; "), options.fanout]
        let errors = LineSplitter { [self] in read($0) }
        process = try ChildProcess(
            setUp.isEmpty ? options.fanout : "/bin/sh",
            setUp.isEmpty ? all : shell + all,
            environment: options.environment.merging(environment) { _, new in new },
            output: { [self] data in
                let count = data.count(where: { $0 == UInt8(ascii: "\n") })
                lock.withLock { accessRecords += count }
            },
            errors: { errors.add($0) }
        )
    }

    private var child: ChildProcess {
        guard let process else { preconditionFailure("init sets it") }
        return process
    }

    var pid: Int32 { child.pid }
    var isRunning: Bool { child.isRunning }
    /// Lines of the access log so far.
    var accessLines: Int { lock.withLock { accessRecords } }
    /// What the line "fanout started" says.
    subscript(fact name: String) -> String? { lock.withLock { facts[name] } }
    var log: String { lock.withLock { lines.suffix(30).joined(separator: "\n") } }

    private func read(_ line: Data) {
        let fields = (try? JSONSerialization.jsonObject(with: line)) as? [String: Any]
        lock.withLock {
            switch fields?["message"] as? String {
            case "listening":
                if let text = fields?["address"] as? String, let address = TrafficAddress(text: text) {
                    addresses.append(address)
                }
            case "fanout started": facts = fields?.compactMapValues { $0 as? String } ?? [:]
            case "state ends":
                dumps = (dumps.count + 1, dump)
                dump = ProxyState()
            case let message? where message.hasPrefix("state"): dump.add(message, fields ?? [:])
            case _:
                lines.append(String(decoding: line, as: UTF8.self))
                if lines.count > 2 * Self.keptLines { lines.removeFirst(Self.keptLines) }
            }
        }
    }

    /// Where its services listen, once all `count` of them do.
    func listeners(_ count: Int = 1) throws -> [TrafficAddress] {
        let isReady = Clock.wait(within: 20) { lock.withLock { addresses.count } >= count || !isRunning }
        let found = lock.withLock { addresses }
        guard isReady, found.count >= count else { throw Failure(description: "the proxy did not start:\n\(log)") }
        return found
    }

    func signal(_ number: Int32) { child.signal(number) }

    /// What it answers to SIGUSR1.
    func state() throws -> ProxyState {
        try asking.withLock {
            let before = lock.withLock { dumps.count }
            signal(SIGUSR1)
            guard Clock.wait(within: 20, until: { lock.withLock { dumps.count } > before }) else {
                throw Failure(description: "no state dump within 20 s; running: \(isRunning), log:\n\(log)")
            }
            return lock.withLock { dumps.last }
        }
    }

    /// Waits until its state is as wanted; the state then, or the last one.
    func state(within seconds: Double, until condition: (ProxyState) -> Bool) throws -> (ProxyState, Bool) {
        var last = ProxyState()
        let isReached = try Clock.wait(within: seconds) {
            last = try state()
            return condition(last)
        }
        return (last, isReached)
    }

    func figures() throws -> ProcessFigures { try ProcessFigures(of: pid) }

    /// SIGQUIT; the exit code, or nil if it does not end in time or is killed.
    func drain(within seconds: Double = 40) -> Int32? {
        signal(SIGQUIT)
        return exitCode(within: seconds)
    }

    func exitCode(within seconds: Double) -> Int32? {
        guard child.waitForEnd(within: seconds), !child.wasKilled else { return nil }
        return child.status
    }

    /// Ends it whatever it is doing.
    func end() { child.end() }
}

/// One state dump.
struct ProxyState {
    private(set) var process: [String: Int] = [:]
    private(set) var workers: [[String: Int]] = []
    /// Connections by endpoint.
    private(set) var endpoints: [String: Int] = [:]

    mutating func add(_ message: String, _ fields: [String: Any]) {
        let numbers = fields.compactMapValues { ($0 as? String).flatMap { Int($0) } ?? ($0 as? Int) }
        switch message {
        case "state": process = numbers
        case "state of worker": workers.append(numbers)
        case "state of endpoint":
            let name = "\(fields["service"] ?? "?") \(fields["endpoint"] ?? "?")"
            endpoints[name, default: 0] += numbers["connections"] ?? 0
        case _: break
        }
    }

    subscript(_ name: String) -> Int { process[name] ?? 0 }

    /// A counter of the workers, summed up.
    func total(_ counter: String) -> Int { workers.reduce(0) { $0 + ($1[counter] ?? 0) } }

    /// What connections take and give back, by name.
    var holdings: [String: Int] {
        [
            "connections": self["connections"], "descriptors": self["descriptors"], "active": total("active"),
            "waiting": total("waiting"), "pipes": total("pipes"), "pending operations": total("pending_operations"),
            "free buffers": total("free_buffers"), "connections by endpoint": endpoints.values.reduce(0, +),
        ]
    }
}

extension TrafficAddress {
    /// From the text of a log line.
    init?(text: String) {
        if text.hasPrefix("unix:") {
            self = .unix(String(text.dropFirst("unix:".count)))
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        self = .ipv4(String(text[..<colon]), port: port)
    }
}
