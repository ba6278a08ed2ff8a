import CBench
import Foundation

/// A child of the harness, pinned to a CPU. It ends with the harness, however that ends (see CBench.h).
final class ChildProcess {
    private static let stopMilliseconds: Int32 = 5_000
    private static let startNanoseconds: UInt64 = 20_000_000_000
    private static let configuringPrefixes = ["NOMAD_", "FANOUT_"]

    let process: Int32
    private let input: Int32
    private let output: Int32
    private var lines: LineReader
    private var isReaped = false

    /// Starts `path` on `cpu` (or any, when negative); standard error goes to the file `log`, standard input and output
    /// are pipes to the harness. `environment` is added to the harness's own, less what would configure Fanout.
    init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        cpu: Int32,
        log: String
    ) throws {
        var inputEnds: [Int32] = [-1, -1]
        var outputEnds: [Int32] = [-1, -1]
        guard unsafe pipe(&inputEnds) == 0, unsafe pipe(&outputEnds) == 0 else { throw BenchError("no pipe") }
        let error = unsafe open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        var strings: [UnsafeMutablePointer<CChar>?] = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        let inherited = ProcessInfo.processInfo.environment.filter { name, _ in
            !Self.configuringPrefixes.contains { name.hasPrefix($0) }
        }
        let settings = inherited.merging(environment) { _, given in given }.map { "\($0)=\($1)" }
        var variables: [UnsafeMutablePointer<CChar>?] = unsafe settings.map { unsafe strdup($0) } + [nil]
        process = unsafe bench_spawn(path, &strings, &variables, cpu, inputEnds[0], outputEnds[1], error)
        let copies = unsafe strings + variables
        for index in unsafe copies.indices { unsafe free(copies[index]) }
        for descriptor in [inputEnds[0], outputEnds[1], error] { close(descriptor) }
        input = inputEnds[1]
        output = outputEnds[0]
        lines = LineReader(output)
        guard process > 0 else {
            isReaped = true
            throw BenchError("cannot start \(path): errno \(-process)")
        }
    }

    /// Starts a command, after its configuration has been written.
    convenience init(_ command: PeerCommand, cpu: Int32, log: String) throws {
        if let file = command.configuration {
            try file.text.write(toFile: file.path, atomically: true, encoding: .utf8)
        }
        try self.init(command.path, command.arguments, environment: command.environment, cpu: cpu, log: log)
    }

    deinit {
        stop(SIGKILL)
        close(input)
        close(output)
    }

    func write(line: String) throws {
        let bytes = Array((line + "\n").utf8)
        let written = unsafe Foundation.write(input, bytes, bytes.count)
        guard written == bytes.count else { throw BenchError("a child does not read its orders") }
    }

    /// The next line of the child's output.
    func readLine(within seconds: Double) throws -> String {
        try lines.next(within: seconds, from: "a child")
    }

    /// True while the child has not ended.
    var isRunning: Bool {
        guard !isReaped else { return false }
        var status: Int32 = 0
        isReaped = unsafe bench_reap(process, 0, &status) == 1
        return !isReaped
    }

    /// Waits until its log has a line with `words`; does nothing without words.
    func waitForLine(_ words: String?, in log: String) throws {
        guard let words else { return }
        let limit = now() + Self.startNanoseconds
        while now() < limit && isRunning && bench_interrupted() == 0 {
            if readText(log)?.contains(words) == true { return }
            usleep(5_000)
        }
        throw BenchError("a server does not start: \(readText(log) ?? "")")
    }

    /// All that it prints until its end.
    func readToEnd(within seconds: Double) throws -> String {
        var text = ""
        let limit = now() + UInt64(seconds * 1e9)
        do {
            while now() < limit { text += try readLine(within: seconds) + "\n" }
        } catch LineReader.Ended.ended {
            return text
        }
        throw BenchError("a child does not end within \(seconds) s")
    }

    /// Sends `signal` and waits; a child that stays is killed with all its descendants. Returns false when it had to be.
    @discardableResult
    func stop(_ signal: Int32) -> Bool {
        guard !isReaped else { return true }
        let members = ProcessTree.members(of: process)
        kill(process, signal)
        var status: Int32 = 0
        isReaped = unsafe bench_reap(process, Self.stopMilliseconds, &status) == 1
        let wasWilling = isReaped
        if !wasWilling || signal == SIGKILL {
            for member in members.dropFirst() { kill(member, SIGKILL) }
        }
        if !isReaped {
            kill(process, SIGKILL)
            isReaped = unsafe bench_reap(process, Self.stopMilliseconds, &status) == 1
        }
        return wasWilling
    }

    /// Waits for its end; true when it says that all is well.
    func succeeds(within milliseconds: Int32) -> Bool {
        var status: Int32 = 0
        if !isReaped { isReaped = unsafe bench_reap(process, milliseconds, &status) == 1 }
        return isReaped && status == 0
    }
}

/// Why a measurement cannot be taken, in words for the terminal.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
