/// The limits that control groups set on this process, version 1 and 2, each the tightest from its group up to the root.
///
/// Sources: cgroups(7), proc_pid_mountinfo(5), Documentation/admin-guide/cgroup-v2.rst of the kernel. A file that is
/// absent or odd sets no limit.
struct ControlGroups {
    private let read: FileReader
    private let mounts: [Mount]
    private let memberships: [Membership]

    /// Version 1 says "no limit" with the greatest multiple of the page size; nothing real is near.
    private static let greatestMemory: UInt64 = 1 << 60

    init(read: @escaping FileReader) {
        self.read = read
        mounts = (read("/proc/self/mountinfo") ?? "").split(separator: "\n").compactMap { Mount(line: $0) }
        memberships = (read("/proc/self/cgroup") ?? "").split(separator: "\n").compactMap { Membership(line: $0) }
    }

    /// Whole CPUs' worth of time, rounded up; nil without a quota.
    var cpuQuota: Int? {
        let version2 = directories(of: nil).compactMap { directory in
            let words = read(directory + "/cpu.max")?.split(whereSeparator: \.isWhitespace) ?? []
            return words.count == 2 ? cpus(quota: words[0], period: words[1]) : nil
        }
        let version1 = directories(of: "cpu").compactMap { directory -> Int? in
            guard let quota = word(directory + "/cpu.cfs_quota_us"),
                let period = word(directory + "/cpu.cfs_period_us")
            else { return nil }
            return cpus(quota: quota, period: period)
        }
        return (version2 + version1).min()
    }

    /// Bytes; nil without a limit.
    var memoryLimit: UInt64? {
        let version2 = directories(of: nil).compactMap { bytes($0 + "/memory.max") }
        let version1 = directories(of: "memory").compactMap { bytes($0 + "/memory.limit_in_bytes") }
        return (version2 + version1).min()
    }

    private func cpus(quota: Substring, period: Substring) -> Int? {
        guard let quota = UInt32(quota), let period = UInt32(period), quota > 0, period > 0 else { return nil }
        return (Int(quota) + Int(period) - 1) / Int(period)
    }

    private func bytes(_ path: String) -> UInt64? {
        guard let limit = word(path).flatMap({ UInt64($0) }), limit < Self.greatestMemory else { return nil }
        return limit
    }

    private func word(_ path: String) -> Substring? {
        read(path)?.split(whereSeparator: \.isWhitespace).first
    }

    /// This process's directory for a version 1 controller, or for version 2 (nil), and its parents up to the mount.
    private func directories(of controller: String?) -> [String] {
        guard let membership = memberships.first(where: { $0.holds(controller) }) else { return [] }
        for mount in mounts where mount.holds(controller) {
            guard let relative = mount.relativePath(of: membership.path) else { continue }
            var parts = relative.split(separator: "/")
            var directories: [String] = []
            while !parts.isEmpty {
                directories.append(mount.point + "/" + parts.joined(separator: "/"))
                parts.removeLast()
            }
            return directories + [mount.point]
        }
        return []
    }
}

/// A line of /proc/self/cgroup: `4:cpu,cpuacct:/docker/1f`, version 2 `0::/docker/1f`.
private struct Membership {
    let controllers: [Substring]
    let path: Substring

    init?(line: Substring) {
        let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard fields.count == 3 else { return nil }
        controllers = fields[1].split(separator: ",")
        path = fields[2]
    }

    func holds(_ controller: String?) -> Bool {
        controller.map { controllers.contains(Substring($0)) } ?? controllers.isEmpty
    }
}

/// A line of /proc/self/mountinfo that mounts a control group hierarchy.
private struct Mount {
    /// Which directory of the hierarchy is mounted.
    let root: String
    let point: String
    /// The controllers of version 1, among other options; nil for version 2.
    let options: [Substring]?

    init?(line: Substring) {
        let words = line.split(separator: " ")
        guard let dash = words.dropFirst(6).firstIndex(of: "-"), words.count > dash + 3 else { return nil }
        switch words[dash + 1] {
        case "cgroup2": options = nil
        case "cgroup": options = words[dash + 3].split(separator: ",")
        case _: return nil
        }
        root = Self.unescape(words[3])
        let mountPoint = Self.unescape(words[4])
        point = mountPoint == "/" ? "" : mountPoint
    }

    func holds(_ controller: String?) -> Bool {
        guard let controller else { return options == nil }
        return options?.contains(Substring(controller)) == true
    }

    /// `path` as seen below ``point``. A path outside of what is mounted (a container that sees only its own
    /// group, or another namespace's `/../..`) is taken for the mounted directory itself.
    func relativePath(of path: Substring) -> String? {
        guard path.hasPrefix("/") else { return nil }
        if path.split(separator: "/").contains("..") { return "" }
        if root == "/" { return String(path) }
        guard path == root || path.hasPrefix(root + "/") else { return "" }
        return String(path.dropFirst(root.count))
    }

    /// The kernel writes space, tab, newline and backslash as `\040` and so on.
    private static func unescape(_ text: Substring) -> String {
        [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")].reduce(String(text)) { text, escape in
            replace(escape.0, by: escape.1, in: text)
        }
    }

    private static func replace(_ pattern: String, by text: String, in whole: String) -> String {
        var result = ""
        var rest = whole[...]
        while let found = rest.firstRange(of: pattern) {
            result += rest[..<found.lowerBound] + text
            rest = rest[found.upperBound...]
        }
        return result + rest
    }
}
