import Foundation

/// A program that a test runs. Its output goes to files, so that any amount of it is kept without a reader.
///
/// It sees a clean environment: nobody's start-up files, no translated messages.
final class Command {
    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    private static let patience: Double = 120

    private let process = Process()
    private let name: String
    let outputFile: String
    private let errorFile: String

    var pid: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    /// What it wrote so far to standard output, without the last newline.
    var output: String { Self.text(outputFile) }
    /// What it wrote so far to standard error.
    var errors: String { Self.text(errorFile) }

    /// Starts it.
    /// - Parameters:
    ///   - input: a file for standard input; nil is an empty one.
    ///   - folder: where the files of its output go; gone with the folder.
    init(_ path: String, _ arguments: [String], input: String? = nil, in folder: Folder) throws {
        name = URL(fileURLWithPath: path).lastPathComponent
        outputFile = try folder.newFile("\(name).out")
        errorFile = try folder.newFile("\(name).err")
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ["PATH": "/usr/bin:/bin", "LC_ALL": "C", "HOME": folder.path]
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        let handles = (
            input: try input.map { try FileHandle(forReadingFrom: URL(fileURLWithPath: $0)) } ?? .nullDevice,
            output: try FileHandle(forWritingTo: URL(fileURLWithPath: outputFile)),
            errors: try FileHandle(forWritingTo: URL(fileURLWithPath: errorFile))
        )
        process.standardInput = handles.input
        process.standardOutput = handles.output
        process.standardError = handles.errors
        // Foundation keeps a Process for ever, and with it what it refers to: descriptors must not wait for that.
        defer {
            let opened = [handles.output, handles.errors] + (input == nil ? [] : [handles.input])
            for handle in opened { try? handle.close() }
        }
        try Self.withoutBlockedSignals { try process.run() }
    }

    /// A child starts with the signal mask of the thread that starts it (posix_spawn(3)), and the threads that run
    /// tests block signals: psql would never see its SIGINT.
    private static func withoutBlockedSignals(_ body: () throws -> Void) rethrows {
        var none = sigset_t()
        var before = sigset_t()
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try body()
    }

    deinit { stop() }

    /// Runs it to its end.
    /// - Returns: its output.
    /// - Throws: ``Failed`` with all it said when its exit code is not 0.
    @discardableResult
    static func run(_ path: String, _ arguments: [String], input: String? = nil, in folder: Folder) throws -> String {
        let command = try Command(path, arguments, input: input, in: folder)
        return try command.succeed()
    }

    /// Waits for its end.
    /// - Returns: its output.
    /// - Throws: ``Failed`` with all it said when its exit code is not 0.
    @discardableResult
    func succeed() throws -> String {
        let code = try exitCode()
        let how = process.terminationReason == .exit ? "exit code" : "signal"
        guard how == "exit code" && code == 0 else {
            throw Failed(description: "\(name): \(how) \(code)\n\(output)\n\(errors)")
        }
        return output
    }

    func exitCode() throws -> Int32 {
        try waitUntil("end of \(name)", within: Self.patience, saying: errors) { !isRunning }
        return process.terminationStatus
    }

    func signal(_ number: Int32) {
        guard isRunning else { return }
        kill(pid, number)
    }

    /// Ends it if it runs.
    func stop() {
        guard isRunning else { return }
        signal(SIGKILL)
        process.waitUntilExit()
    }

    private static func text(_ file: String) -> String {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: file)) else { return "cannot read \(file)" }
        return String(decoding: data.last == UInt8(ascii: "\n") ? data.dropLast() : data, as: UTF8.self)
    }
}

/// Waits until `condition` holds; throws with `explanation` if it does not.
func waitUntil(
    _ what: String,
    within seconds: Double = 30,
    saying explanation: @autoclosure () -> String = "",
    _ condition: () throws -> Bool
) throws {
    let end = Date().addingTimeInterval(seconds)
    while try !condition() {
        guard Date() < end else {
            throw Command.Failed(description: "no \(what) within \(seconds) s\n\(explanation())")
        }
        usleep(5_000)
    }
}
