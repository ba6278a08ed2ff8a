import CBench
import Foundation

/// A child of the harness, pinned to a CPU. It ends with the harness, however that ends (see CBench.h).
final class ChildProcess {
    private static let stopMilliseconds: Int32 = 5_000
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

    /// Sends `signal` and waits; a child that stays is killed. Returns false when it had to be.
    @discardableResult
    func stop(_ signal: Int32) -> Bool {
        guard !isReaped else { return true }
        kill(process, signal)
        var status: Int32 = 0
        isReaped = unsafe bench_reap(process, Self.stopMilliseconds, &status) == 1
        if isReaped { return true }
        kill(process, SIGKILL)
        isReaped = unsafe bench_reap(process, Self.stopMilliseconds, &status) == 1
        return false
    }
}

/// Why a measurement cannot be taken, in words for the terminal.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
