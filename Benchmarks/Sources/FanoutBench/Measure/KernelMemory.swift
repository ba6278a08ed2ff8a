/// Memory of the kernel for the whole machine in bytes, from /proc/meminfo (proc_meminfo(5)).
///
/// Slab holds sockets, files, inodes, skbs and the operations of io_uring; page tables and stacks are the rest of what
/// a connection or a thread may cost. One connection through a proxy costs this much more than one without: the
/// difference while connections are held, less the same difference of the direct run in the same round.
struct KernelMemory: Codable {
    private static let fields: Set<String> = ["Slab", "KernelStack", "PageTables"]

    let bytes: Int

    init() {
        bytes = (readText("/proc/meminfo") ?? "").split(separator: "\n").reduce(0) { sum, line in
            let parts = line.split(separator: " ")
            guard parts.count >= 2, Self.fields.contains(String(parts[0].dropLast())), let kibibytes = Int(parts[1])
            else { return sum }
            return sum + kibibytes * 1_024
        }
    }
}
