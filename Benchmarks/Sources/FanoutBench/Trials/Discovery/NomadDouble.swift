import CBench
import Foundation

/// The root package's double of the Nomad API as a child, with a control connection that stays open.
final class NomadDouble {
    private static let patienceSeconds = 10.0

    /// The folder of api.sock and nomad_token.
    let secrets: String
    private let child: ChildProcess
    private let control: Int32
    private var answers: LineReader

    /// Starts the program at `path`; its sockets and its token are made below `folder`.
    init(_ path: String, folder: String) throws {
        secrets = "\(folder)/secrets"
        let controlPath = "\(folder)/control.sock"
        let log = "\(folder)/nomad-double.log"
        child = try ChildProcess(
            path,
            [
                "serve", "--socket", "\(secrets)/api.sock", "--token-file", "\(secrets)/nomad_token",
                "--control", controlPath,
            ],
            cpu: -1,
            log: log
        )
        let ready: String
        do {
            ready = try child.readLine(within: Self.patienceSeconds)
        } catch {
            throw BenchError("nomad-double: \(error)\n\(readText(log) ?? "")")
        }
        guard ready.hasPrefix("ready ") else { throw BenchError("nomad-double says '\(ready)', not that it is ready") }
        control = unsafe bench_connect_path(controlPath)
        guard control >= 0 else { throw BenchError("no control connection to nomad-double: errno \(-control)") }
        answers = LineReader(control)
    }

    deinit {
        if control >= 0 { close(control) }
        child.stop(SIGTERM)
    }

    /// Carries out one command; returns the moment its answer came, on the clock of `now()`.
    @discardableResult
    func command(_ line: String) throws -> UInt64 {
        let bytes = Array((line + "\n").utf8)
        guard unsafe write(control, bytes, bytes.count) == bytes.count else {
            throw BenchError("nomad-double does not read its commands")
        }
        let answer = try answers.next(within: Self.patienceSeconds, from: "nomad-double")
        let time = now()
        guard answer == "ok" || answer.hasPrefix("ok ") else {
            throw BenchError("nomad-double answers '\(line)' with '\(answer)'")
        }
        return time
    }
}
