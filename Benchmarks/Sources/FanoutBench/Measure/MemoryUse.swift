/// User memory of a peer in bytes, from /proc/PID/smaps_rollup (proc_pid_smaps(5)); kernel memory is not in it.
struct MemoryUse: Codable {
    /// Summed over the processes: what they share counts once for each.
    var resident = 0
    /// What processes share is divided between them.
    var proportional = 0
    var anonymous = 0

    /// The sum over all the given processes.
    init(of processes: [Int32]) {
        for process in processes {
            for line in readText("/proc/\(process)/smaps_rollup")?.split(separator: "\n") ?? [] {
                let fields = line.split(separator: " ")
                guard fields.count >= 2, let kibibytes = Int(fields[1]) else { continue }
                switch fields[0] {
                case "Rss:": resident += kibibytes * 1_024
                case "Pss:": proportional += kibibytes * 1_024
                case "Pss_Anon:": anonymous += kibibytes * 1_024
                default: break
                }
            }
        }
    }
}
