import Foundation

/// The programs of real servers and their load tools; nil where one is not installed.
enum Programs {
    /// Debian has the servers of PostgreSQL in a folder for each version, and puts wrappers on PATH for its clients.
    private static let folders: [String] = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let newestFirst = versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }
        return newestFirst.map { "\(root)/\($0)/bin" } + ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/bin"]
    }()

    static func find(_ name: String) -> String? {
        folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    /// The path of a program that ``obstacle(_:package:)`` has vouched for.
    static func path(_ name: String) throws -> String {
        guard let path = find(name) else { throw BenchError("no program \(name)") }
        return path
    }

    /// Why something that needs all of `names` cannot be run.
    static func obstacle(_ names: [String], packages: String) -> String? {
        let missing = names.filter { find($0) == nil }
        guard !missing.isEmpty else { return nil }
        return "no \(missing.joined(separator: ", ")); from the Debian packages \(packages)"
    }
}
