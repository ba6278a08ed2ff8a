import Foundation

/// A child of this process: its output comes in pieces, its standard input ends when we do.
final class ChildProcess: @unchecked Sendable {
    private let process = Process()
    private let input = Pipe()
    private let readers = Crew()

    /// - Parameters:
    ///   - environment: all that it gets besides PATH.
    ///   - output, errors: called on threads of their own, in order.
    init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        output: @escaping @Sendable (Data) -> Void,
        errors: (@Sendable (Data) -> Void)? = nil
    ) throws {
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment.merging(["PATH": "/usr/bin:/bin"]) { own, _ in own }
        process.standardInput = input
        let outputPipe = Pipe()
        process.standardOutput = outputPipe
        read(outputPipe, output)
        if let errors {
            let errorPipe = Pipe()
            process.standardError = errorPipe
            read(errorPipe, errors)
        }
        try process.run()
    }

    private func read(_ pipe: Pipe, _ use: @escaping @Sendable (Data) -> Void) {
        let handle = pipe.fileHandleForReading
        readers.start {
            while true {
                let data = handle.availableData
                if data.isEmpty { return }
                use(data)
            }
        }
    }

    var pid: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    /// The exit code, or the signal's number; only after the end.
    var status: Int32 { process.terminationStatus }
    var wasKilled: Bool { process.terminationReason == .uncaughtSignal }

    func signal(_ number: Int32) {
        if process.isRunning { kill(pid, number) }
    }

    /// Waits for the end, and for the last of its output.
    func waitForEnd(within seconds: Double) -> Bool {
        guard Clock.wait(within: seconds, until: { !process.isRunning }) else { return false }
        readers.join()
        return true
    }

    /// Ends it whatever it is doing.
    func end() {
        signal(SIGKILL)
        _ = waitForEnd(within: 10)
    }
}

/// Puts pieces of output together to lines. Belongs to one thread.
final class LineSplitter: @unchecked Sendable {
    private var rest = Data()
    private let use: (Data) -> Void

    init(_ use: @escaping (Data) -> Void) { self.use = use }

    func add(_ data: Data) {
        rest.append(data)
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            use(Data(rest[rest.startIndex..<end]))
            rest = Data(rest[(end + 1)...])
        }
    }
}
