import CBench
import Foundation

/// A child of the harness, pinned to a CPU. It ends with the harness, however that ends (see CBench.h).
final class ChildProcess {
    private static let stopMilliseconds: Int32 = 5_000

    let process: Int32
    private let input: Int32
    private let output: Int32
    private var buffered: [UInt8] = []
    private var isReaped = false

    /// Starts `path`; standard error goes to the file `log`, standard input and output are pipes to the harness.
    init(_ path: String, _ arguments: [String], cpu: Int32, log: String) throws {
        var inputEnds: [Int32] = [-1, -1]
        var outputEnds: [Int32] = [-1, -1]
        guard unsafe pipe(&inputEnds) == 0, unsafe pipe(&outputEnds) == 0 else { throw BenchError("no pipe") }
        let error = unsafe open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        var strings: [UnsafeMutablePointer<CChar>?] = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        process = unsafe bench_spawn(path, &strings, cpu, inputEnds[0], outputEnds[1], error)
        for index in unsafe strings.indices { unsafe free(strings[index]) }
        for descriptor in [inputEnds[0], outputEnds[1], error] { close(descriptor) }
        input = inputEnds[1]
        output = outputEnds[0]
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
        let deadline = now() + UInt64(seconds * 1e9)
        while true {
            if let end = buffered.firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffered.removeFirst(end + 1) }
                return String(decoding: buffered[..<end], as: UTF8.self)
            }
            var entry = pollfd(fd: output, events: Int16(POLLIN), revents: 0)
            let left = Int64(deadline) - Int64(now())
            guard left > 0 else { throw BenchError("a child did not answer in \(seconds) s") }
            guard unsafe poll(&entry, 1, Int32(left / 1_000_000) + 1) > 0 else { continue }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = unsafe read(output, &bytes, bytes.count)
            guard count > 0 else {
                throw BenchError(bench_interrupted() == 0 ? "a child ended early" : "interrupted")
            }
            buffered += bytes[..<count]
        }
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
