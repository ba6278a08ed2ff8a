import Foundation
import Traffic

/// The built binary as a child process: `FANOUT_FUZZ_BINARY`, else the one beside the tests.
final class BuiltFanout: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let process = Process()
    private let log = FileManager.default.temporaryDirectory.appendingPathComponent(
        "fz-\(UUID().uuidString.prefix(8)).log"
    )

    private static var binary: URL {
        if let path = ProcessInfo.processInfo.environment["FANOUT_FUZZ_BINARY"] { return URL(fileURLWithPath: path) }
        var folder = Bundle(for: BuiltFanout.self).bundleURL
        while folder.path != "/", !FileManager.default.isExecutableFile(atPath: folder.path + "/fanout") {
            folder.deleteLastPathComponent()
        }
        return folder.appendingPathComponent("fanout")
    }

    init(_ arguments: [String]) throws {
        guard FileManager.default.createFile(atPath: log.path, contents: nil) else {
            throw Failure(description: "no \(log.path)")
        }
        process.executableURL = Self.binary
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
    }

    var isRunning: Bool { process.isRunning }
    /// Its memory says nothing then.
    var isSanitized: Bool { Self.binary.path.contains(".build-") }

    func signal(_ number: Int32) {
        if process.isRunning { kill(process.processIdentifier, number) }
    }

    /// Where its services listen, in their order.
    func addresses(_ count: Int) throws -> [TrafficAddress] {
        let end = Date().addingTimeInterval(20)
        while true {
            let ports = lines.filter { $0.contains("listening") }.compactMap { line in
                line.split(separator: " ").first { $0.hasPrefix("address=127.0.0.1:") }
                    .flatMap { UInt16($0.dropFirst("address=127.0.0.1:".count)) }
            }
            if ports.count == count { return ports.map { .ipv4("127.0.0.1", port: $0) } }
            guard process.isRunning, Date() < end else { throw Failure(description: "it did not start:\n\(lastLines)") }
            usleep(5_000)
        }
    }

    private var lines: [Substring] {
        ((try? String(contentsOf: log, encoding: .utf8)) ?? "").split(separator: "\n")
    }

    var lastLines: String { lines.suffix(30).joined(separator: "\n") }

    /// The most bytes that were resident at once (proc_pid_status(5), VmHWM).
    func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        guard let size = line.split(separator: " ").compactMap({ Int($0) }).first else {
            throw Failure(description: "no VmHWM in \(status)")
        }
        return size << 10
    }

    /// Drains, and returns the exit code.
    func quit() throws -> Int32 {
        signal(SIGQUIT)
        let end = Date().addingTimeInterval(40)
        while process.isRunning {
            guard Date() < end else { throw Failure(description: "it does not end:\n\(lastLines)") }
            usleep(5_000)
        }
        return process.terminationStatus
    }

    /// Ends it whatever happened.
    func stop() {
        if process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        try? FileManager.default.removeItem(at: log)
    }
}
