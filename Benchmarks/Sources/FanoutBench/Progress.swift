import Foundation

/// What is being measured, on standard error: on a terminal one line that the next one overwrites, elsewhere a line for
/// each workload.
final class Progress {
    private let isTerminal = isatty(2) == 1
    private let begin = now()
    private let total: Int
    private var done = 0

    /// For so many runs.
    init(runs total: Int) {
        self.total = max(1, total)
    }

    /// Before a workload or a trial.
    func start(_ text: String) {
        if isTerminal { overwrite(text) } else { write("\(clock) \(text)\n") }
    }

    /// Before one run.
    func run(_ text: String) {
        overwrite("\(text) (run \(done + 1) of \(total), \(clock)\(rest))")
        done += 1
    }

    /// Within a trial.
    func note(_ text: String) { overwrite(text) }

    /// Makes room for a table.
    func clear() { overwrite("") }

    private var elapsed: Double { Double(now() - begin) / 1e9 }
    private var clock: String { Self.clock(elapsed) }

    private var rest: String {
        done < 8 ? "" : ", about " + Self.clock(elapsed / Double(done) * Double(total - done)) + " left"
    }

    private static func clock(_ seconds: Double) -> String {
        let whole = Int(seconds)
        return "\(whole / 60):" + (whole % 60 < 10 ? "0" : "") + "\(whole % 60)"
    }

    private func overwrite(_ text: String) {
        if isTerminal { write("\r\u{1B}[K\(text)") }
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
