import Foundation
import Testing

/// The built binary, run as a person does.
enum Program {
    /// Beside the test bundle, so that sanitizer builds test the sanitized binary.
    static let binary: URL = {
        var folder = Bundle(for: Marker.self).bundleURL
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent("fanout")
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
            folder.deleteLastPathComponent()
        }
        return URL(fileURLWithPath: ProcessInfo.processInfo.arguments[0])
            .deletingLastPathComponent().appendingPathComponent("fanout")
    }()

    private final class Marker {}

    struct Output {
        let code: Int32
        let out: String
        let err: String
    }

    /// Runs it to its end; standard output is no terminal.
    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Output {
        let process = Process()
        process.executableURL = binary
        process.arguments = arguments
        process.environment = environment
        let (out, err) = (Pipe(), Pipe())
        process.standardOutput = out
        process.standardError = err
        process.standardInput = FileHandle.nullDevice
        try process.run()
        // What either says here fits into a pipe, or is read first.
        let text = try out.fileHandleForReading.readToEnd() ?? Data()
        let errors = try err.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Output(
            code: process.terminationStatus,
            out: String(decoding: text, as: UTF8.self),
            err: String(decoding: errors, as: UTF8.self)
        )
    }
}

struct TimedOut: Error, CustomStringConvertible {
    let description: String
}

/// Waits for a condition, and says what was seen if it does not come.
func wait(_ what: String, within seconds: Double = 20, seen: () -> String, until condition: () throws -> Bool) throws {
    let end = Date().addingTimeInterval(seconds)
    while try !condition() {
        guard Date() < end else { throw TimedOut(description: "no \(what) within \(seconds) s; there is:\n\(seen())") }
        usleep(5_000)
    }
}
