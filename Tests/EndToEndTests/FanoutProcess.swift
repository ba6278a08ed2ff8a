import Foundation
import Synchronization
import Testing
import Traffic

/// The built binary as a child process: what a user runs, and nothing else of Fanout is known here.
final class FanoutProcess: @unchecked Sendable {
    struct TimedOut: Error, CustomStringConvertible {
        let description: String
    }

    private let process = Process()
    private let lock = NSLock()
    private var logLines: [[String: Any]] = []
    private var accessLines: [[String: Any]] = []
    private var rawLines: [String] = []
    private var endedStreams = 0

    var pid: Int32 { process.processIdentifier }

    static var binary: URL { program("fanout") }

    /// The driver of all tests that do not name one (scripts/fanout test --driver).
    static let driver = ProcessInfo.processInfo.environment["FANOUT_TEST_DRIVER"].flatMap { $0.isEmpty ? nil : $0 }

    /// A program beside the test bundle, so that sanitizer builds test the sanitized binary.
    private static func program(_ name: String) -> URL {
        var folder = Bundle(for: FanoutProcess.self).bundleURL
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent(name)
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
            folder.deleteLastPathComponent()
        }
        return URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0])
            .deletingLastPathComponent().appendingPathComponent(name)
    }

    /// - Parameters:
    ///   - environment: all that the process gets besides PATH.
    ///   - descriptors: RLIMIT_NOFILE, soft and hard.
    ///   - refusing: numbers of system calls that fail, and with which errno.
    init(
        _ arguments: [String],
        environment: [String: String] = [:],
        descriptors: Int? = nil,
        refusing: [(call: Int, errno: Int32)] = []
    ) throws {
        var variables = ["PATH": "/usr/bin:/bin"]
        // In a build with AddressSanitizer a leak makes the exit code 23.
        variables["ASAN_OPTIONS"] = "detect_leaks=1"
        if let driver = Self.driver { variables["FANOUT_DRIVER"] = driver }
        variables.merge(environment) { _, new in new }
        process.environment = variables
        let all = arguments + (arguments.contains("--log-format") ? [] : ["--log-format", "json"])
        if let descriptors {
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments =
                ["-c", "ulimit -n \(descriptors); exec \"$0\" \"$@\"", Self.binary.path] + all
        } else if !refusing.isEmpty {
            process.executableURL = Self.program("refuse")
            process.arguments =
                [refusing.map { "\($0.call):\($0.errno)" }.joined(separator: ","), Self.binary.path] + all
        } else {
            process.executableURL = Self.binary
            process.arguments = all
        }
        let log = Pipe()
        let access = Pipe()
        process.standardError = log
        process.standardOutput = access
        process.standardInput = FileHandle.nullDevice
        read(log) { self.logLines.append($0) }
        read(access) { self.accessLines.append($0) }
        try process.run()
    }

    private func read(_ pipe: Pipe, _ keep: @escaping @Sendable ([String: Any]) -> Void) {
        let handle = pipe.fileHandleForReading
        let thread = Thread { [self] in
            var rest = Data()
            while true {
                let chunk = handle.availableData
                if chunk.isEmpty {
                    lock.withLock { endedStreams += 1 }
                    return
                }
                rest.append(chunk)
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = rest[rest.startIndex..<end]
                    rest = Data(rest[(end + 1)...])
                    let object = (try? JSONSerialization.jsonObject(with: Data(line))) as? [String: Any]
                    lock.withLock {
                        rawLines.append(String(decoding: line, as: UTF8.self))
                        if let object { keep(object) }
                    }
                }
            }
        }
        thread.start()
    }

    var log: [[String: Any]] { lock.withLock { logLines } }
    var access: [[String: Any]] { lock.withLock { accessLines } }
    /// Whether all that the process has said has been read: it has ended then.
    private var isReadToEnd: Bool { lock.withLock { endedStreams == 2 } }
    var output: String { lock.withLock { rawLines.joined(separator: "\n") } }

    /// Waits until `condition` holds; fails with what the process said if it does not.
    func wait(_ what: String, within seconds: Double = 20, until condition: () throws -> Bool) throws {
        let end = Date().addingTimeInterval(seconds)
        while try !condition() {
            guard Date() < end else {
                throw TimedOut(description: "no \(what) within \(seconds) s; output:\n\(output)")
            }
            usleep(2_000)
        }
    }

    /// The log lines with this message.
    func messages(_ message: String) -> [[String: Any]] {
        log.filter { $0["message"] as? String == message }
    }

    /// Where a service listens, once it does.
    func address(_ index: Int = 0) throws -> TrafficAddress {
        try wait("listener") { messages("listening").count > index || !process.isRunning }
        let lines = messages("listening")
        guard lines.count > index, let text = lines[index]["address"] as? String else {
            throw TimedOut(description: "it did not start:\n\(output)")
        }
        return try #require(TrafficAddress(text))
    }

    func signal(_ number: Int32) { kill(pid, number) }

    var isRunning: Bool { process.isRunning }

    /// Waits until SIGSTOP has stopped every thread.
    func waitUntilStopped() throws {
        try wait("stop") {
            let tasks = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
            return try tasks.allSatisfy { task in
                let status = try String(contentsOfFile: "/proc/\(pid)/task/\(task)/stat", encoding: .utf8)
                // The state follows the name in parentheses (proc_pid_stat(5)).
                return status[(status.lastIndex(of: ")") ?? status.startIndex)...].hasPrefix(") T")
            }
        }
    }

    /// Waits for the end and returns the exit code. All that it has said has been read then.
    @discardableResult
    func exitCode(within seconds: Double = 40) throws -> Int32 {
        try wait("exit", within: seconds) { !process.isRunning }
        // A signal's number is not an exit code: SIGHUP has the 1 of a failure.
        #expect(process.terminationReason == .exit, "ended by a signal:\n\(output)")
        try wait("last words") { isReadToEnd }
        return process.terminationStatus
    }

    /// SIGKILL; returns when the kernel has taken everything back.
    func endByKill() throws {
        signal(SIGKILL)
        try wait("end", within: 20) { !process.isRunning }
    }

    /// SIGQUIT, and the exit code.
    @discardableResult
    func quit() throws -> Int32 {
        signal(SIGQUIT)
        return try exitCode()
    }

    /// Ends the process whatever happened; what a sanitizer said in it is a failure of the test.
    func stop() {
        let reports = lock.withLock { rawLines.filter { $0.contains("Sanitizer") } }
        #expect(reports.isEmpty, "\(output)")
        guard process.isRunning else { return }
        signal(SIGKILL)
        process.waitUntilExit()
    }

    /// One answer to SIGUSR1.
    struct State {
        var process: [String: Int] = [:]
        var workers: [[String: Int]] = []
        var endpoints: [String: Int] = [:]

        func total(_ counter: String) -> Int { workers.reduce(0) { $0 + ($1[counter] ?? 0) } }
    }

    func state() throws -> State {
        let before = log.count
        signal(SIGUSR1)
        // One dump from its first line to its last: the rest of one that was asked for earlier may still come.
        var dump: ArraySlice<[String: Any]> = []
        try wait("state dump") {
            dump = log.dropFirst(before).drop { $0["message"] as? String != "state" }
            return dump.contains { $0["message"] as? String == "state ends" }
        }
        var state = State()
        for line in dump.prefix(while: { $0["message"] as? String != "state ends" }) {
            let numbers = line.compactMapValues { ($0 as? String).flatMap { Int($0) } ?? ($0 as? Int) }
            switch line["message"] as? String {
            case "state": state.process = numbers
            case "state of worker": state.workers.append(numbers)
            case "state of endpoint":
                state.endpoints[line["endpoint"] as? String ?? "?", default: 0] += numbers["connections"] ?? 0
            default: break
            }
        }
        return state
    }

    /// Waits until nothing is proxied any more, and returns the state then.
    func quietState() throws -> State {
        try wait("quiet") {
            let last = try state()
            return last.process["connections"] == 0 && last.total("active") == 0
        }
        // A worker tells what it has got back at the end of the turn in which its last connection went.
        return try state()
    }
}

extension TrafficAddress {
    /// From the text of a log line.
    init?(_ text: String) {
        if text.hasPrefix("unix:") {
            self = .unix(String(text.dropFirst("unix:".count)))
            return
        }
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let host = text[..<colon].trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
        self = host.contains(":") ? .ipv6(host, port: port) : .ipv4(host, port: port)
    }
}

/// Two workers and no waiting for the access log, in front of these.
func proxy(
    to servers: [TrafficAddress],
    listen: String = "127.0.0.1:0",
    _ more: [String] = [],
    descriptors: Int? = nil,
    refusing: [(call: Int, errno: Int32)] = []
) throws -> FanoutProcess {
    let endpoints = servers.flatMap { ["--endpoint", $0.description] }
    return try FanoutProcess(
        ["--listen-address", listen, "--workers", "2"] + endpoints + more,
        descriptors: descriptors,
        refusing: refusing
    )
}
