import Foundation

/// A control group with a memory limit, made for one process and removed after it (cgroups(7)).
struct ControlGroup {
    struct Unavailable: Error, CustomStringConvertible {
        let description: String
    }

    private enum Version: String, CaseIterable {
        case second = "cgroup v2"
        case first = "cgroup v1"

        var limit: String { self == .second ? "memory.max" : "memory.limit_in_bytes" }
        var peak: String { self == .second ? "memory.peak" : "memory.max_usage_in_bytes" }
        /// The file with a line `oom_kill N`.
        var events: String { self == .second ? "memory.events" : "memory.oom_control" }

        /// Where a group may have the memory controller; nil where it is not mounted or not handed on.
        var root: String? {
            let root = self == .second ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
            let sign = root + (self == .second ? "/cgroup.subtree_control" : "/memory.limit_in_bytes")
            guard let text = try? String(contentsOfFile: sign, encoding: .utf8) else { return nil }
            return self == .first || text.split(whereSeparator: \.isWhitespace).contains("memory") ? root : nil
        }
    }

    private let version: Version
    private let folder: String

    /// Where the group is, for people.
    var name: String { "\(version.rawValue), \(folder)" }

    init(limit bytes: Int) throws {
        guard let version = Version.allCases.first(where: { $0.root != nil }), let root = version.root else {
            throw Unavailable(description: "no memory controller to be had below /sys/fs/cgroup")
        }
        self.version = version
        folder = root + "/fanout-soak-\(getpid())"
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            try write("\(bytes)", to: version.limit)
        } catch {
            throw Unavailable(description: "no right to make \(folder): \(error.localizedDescription)")
        }
        switch version {
        // Without swap accounting there is no such file, and without swap no need for it.
        case .second: try? write("0", to: "memory.swap.max")
        // Bytes on their way in sockets are counted apart there.
        case .first: try? write("\(bytes)", to: "memory.kmem.tcp.limit_in_bytes")
        }
    }

    /// Moves the shell that runs it, and what it becomes, into the group.
    var entry: String { "echo $$ > \(folder)/cgroup.procs" }

    /// The most memory that was in use, for people.
    var peak: String {
        let memory = Terminal.mebibytes(number(in: version.peak) ?? 0)
        return number(in: "memory.kmem.tcp.max_usage_in_bytes").map {
            "\(memory), of bytes in sockets \(Terminal.mebibytes($0))"
        } ?? memory
    }

    /// Processes of the group that the kernel has killed for want of memory.
    var kills: Int {
        let lines = (try? String(contentsOfFile: "\(folder)/\(version.events)", encoding: .utf8)) ?? ""
        let line = lines.split(separator: "\n").first { $0.hasPrefix("oom_kill ") }
        return line.flatMap { Int($0.dropFirst("oom_kill ".count)) } ?? 0
    }

    /// To be called when no process is in it any more.
    func remove() { _ = unsafe rmdir(folder) }

    private func number(in file: String) -> Int? {
        let text = try? String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
        return text.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    private func write(_ text: String, to file: String) throws {
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(folder)/\(file)"))
        defer { try? handle.close() }
        try handle.write(contentsOf: Data(text.utf8))
    }
}
