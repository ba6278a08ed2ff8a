import CURing
import Glibc

/// The memory that this process may use, and who says so.
struct MemoryLimit: Hashable, Sendable {
    let bytes: UInt64
    /// `cgroup` or `NOMAD_MEMORY_LIMIT`.
    let source: String
}

/// What the machine, its containers and Nomad let this process use.
struct Machine: Hashable, Sendable {
    /// CPUs that the process may run on, at least 1 (sched_getaffinity(2)).
    var affinity: Int
    /// The control group's CPU quota, rounded up; nil without one.
    var cpuQuota: Int?
    /// How many descriptors the process may have open.
    var descriptors: Int
    /// Nil without a limit.
    var memory: MemoryLimit?

    /// Raises the soft descriptor limit to the hard one, then reads every limit.
    ///
    /// To be called once, at start, before threads exist.
    static func current(environment: [String: String], read: @escaping FileReader = SystemFile.read) -> Machine {
        let groups = ControlGroups(read: read)
        return Machine(
            affinity: readAffinity(),
            cpuQuota: groups.cpuQuota,
            descriptors: DescriptorLimit.raise(),
            memory: memory(cgroup: groups.memoryLimit, environment: environment)
        )
    }

    /// The lower of the control group's limit and `NOMAD_MEMORY_LIMIT` (MB): with memory oversubscription the group
    /// allows more than Nomad has set aside.
    static func memory(cgroup: UInt64?, environment: [String: String]) -> MemoryLimit? {
        let nomad = environment["NOMAD_MEMORY_LIMIT"].flatMap { UInt32($0) }.flatMap { $0 > 0 ? UInt64($0) << 20 : nil }
        if let nomad, nomad < cgroup ?? .max { return MemoryLimit(bytes: nomad, source: "NOMAD_MEMORY_LIMIT") }
        return cgroup.map { MemoryLimit(bytes: $0, source: "cgroup") }
    }

    private static func readAffinity() -> Int {
        var firstCPUs: UInt64 = 0
        return max(1, Int(unsafe fanout_cpu_affinity(&firstCPUs, 1)))
    }
}

/// RLIMIT_NOFILE (getrlimit(2)): two descriptors a connection make it the first limit that a proxy meets.
enum DescriptorLimit {
    /// What every process has got when even asking fails (POSIX's OPEN_MAX of old).
    private static let fallback = 1024

    /// Raises the soft limit to the hard one, which needs no privilege; returns what is in force then.
    static func raise() -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return fallback }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
