import Foundation

/// A process and all its descendants, as /proc shows them at the moment.
enum ProcessTree {
    /// The process itself and its descendants; without it when it is gone.
    static func members(of root: Int32) -> [Int32] {
        var children: [Int32: [Int32]] = [:]
        var exists = false
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let process = Int32(name), let parent = parent(of: process) else { continue }
            children[parent, default: []].append(process)
            if process == root { exists = true }
        }
        guard exists else { return [] }
        var members = [root]
        var next = 0
        while next < members.count {
            members += children[members[next]] ?? []
            next += 1
        }
        return members
    }

    private static func parent(of process: Int32) -> Int32? {
        // proc_pid_stat(5): the command may hold spaces and brackets, the fields after its last bracket may not.
        guard let text = readText("/proc/\(process)/stat"), let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[bracket...].split(separator: " ")
        return fields.count > 2 ? Int32(fields[2]) : nil
    }
}

/// The contents of a small text file (of /proc, mostly); nil when it cannot be read.
func readText(_ path: String) -> String? {
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    return String(decoding: data, as: UTF8.self)
}

/// The file of this very program, which is its own load process and echo server.
func ownProgram() throws -> String {
    try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
}

/// A path that nothing has yet; the number of a process would not do, as it is 1 in every namespace.
func temporaryPath() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("fanout-bench-\(UUID().uuidString)").path
}
