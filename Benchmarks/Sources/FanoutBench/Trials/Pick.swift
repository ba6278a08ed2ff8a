import Foundation

/// What the choice of an endpoint costs, as the program pick-bench of the root package says.
struct Pick: Codable {
    private static let patienceSeconds = 120.0

    let policy: String
    let endpoints: Int
    let workers: Int
    let nanoseconds: Double

    /// Runs pick-bench on the proxy's CPU: a line of JSON for each case.
    static func all(_ program: String, milliseconds: Int, log: String) throws -> [Pick] {
        let child = try ChildProcess(program, ["\(milliseconds)"], cpu: Harness.proxyCPU, log: log)
        let output = try child.readToEnd(within: patienceSeconds)
        guard child.succeeds(within: 1_000) else { throw BenchError("pick-bench fails: \(readText(log) ?? "")") }
        return try output.split(separator: "\n").map {
            try JSONDecoder().decode(Pick.self, from: Data($0.utf8))
        }
    }
}
