/// User memory of a peer in bytes, from /proc/PID/smaps_rollup (proc_pid_smaps(5)); kernel memory is not in it.
struct MemoryUse: Codable {
    var resident = 0
    var anonymous = 0

    /// The sum over all the given processes.
    init(of processes: [Int32]) {
        for process in processes {
            for line in readText("/proc/\(process)/smaps_rollup")?.split(separator: "\n") ?? [] {
                let fields = line.split(separator: " ")
                guard fields.count >= 2, let kibibytes = Int(fields[1]) else { continue }
                if fields[0] == "Rss:" { resident += kibibytes * 1024 }
                if fields[0] == "Anonymous:" { anonymous += kibibytes * 1024 }
            }
        }
    }
}
