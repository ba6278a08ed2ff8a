import Foundation

/// A folder of its own for one test, removed with everything in it.
final class TemporaryFolder {
    let path: String

    init() throws {
        // Short, because the path of a unix socket is.
        let name = "fanout-\(UInt32.random(in: 0...(.max)))"
        path = FileManager.default.temporaryDirectory.appending(path: name).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}

/// The calling thread's name as the kernel knows it.
func nameOfThisThread() -> String? {
    (try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8))?.trimmingCharacters(in: .newlines)
}
