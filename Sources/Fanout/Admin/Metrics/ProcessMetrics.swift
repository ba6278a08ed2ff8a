import Glibc
import Reactor

extension MetricsText {
    /// The build, the process as Prometheus's clients tell of it, and the log.
    mutating func appendProcess(_ inspector: Inspector) {
        family("fanout_build_info", .gauge, "The version and the commit that it was built from; always 1.")
        sample(UInt64(1), Label("version", Version.current), Label("commit", Version.commit))
        family("fanout_log_dropped_total", .counter, "Log lines that were dropped because a reader was too slow.")
        sample(inspector.droppedLines)

        let usage = ProcessUsage()
        family("process_cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds.")
        sample(usage.cpuSeconds)
        family("process_open_fds", .gauge, "Number of open file descriptors.")
        sample(UInt64(OpenDescriptors.count()))
        family("process_max_fds", .gauge, "Maximum number of open file descriptors.")
        sample(usage.mostDescriptors)
        family("process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.")
        sample(usage.virtualBytes)
        family("process_virtual_memory_max_bytes", .gauge, "Maximum amount of virtual memory available in bytes.")
        sample(usage.mostVirtualBytes.map(Double.init) ?? -1)
        family("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.")
        sample(usage.residentBytes)
        family("process_threads", .gauge, "Number of threads in the process.")
        sample(usage.threads)
        family("process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.")
        sample(Double(inspector.startedWallTime) / 1e9)
    }
}

/// What the process takes of the machine now.
struct ProcessUsage {
    let cpuSeconds: Double
    let mostDescriptors: UInt64
    /// Nil without a limit (RLIMIT_AS).
    let mostVirtualBytes: UInt64?
    /// These are 0 where /proc is not mounted.
    let virtualBytes: UInt64
    let residentBytes: UInt64
    let threads: UInt64

    init() {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        cpuSeconds = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        mostDescriptors = Self.limit(RLIMIT_NOFILE) ?? 0
        mostVirtualBytes = Self.limit(RLIMIT_AS)
        // In pages: the whole, and what is resident (proc_pid_statm(5)).
        let pages = (SystemFile.read("/proc/self/statm") ?? "").split(separator: " ").map { UInt64($0) ?? 0 }
        let pageBytes = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        virtualBytes = (pages.first ?? 0) * pageBytes
        residentBytes = (pages.dropFirst().first ?? 0) * pageBytes
        threads = Self.threads(status: SystemFile.read("/proc/self/status") ?? "")
    }

    /// Nil where there is none, or it cannot be told.
    private static func limit(_ resource: __rlimit_resource) -> UInt64? {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(resource.rawValue), &limit) == 0 else { return nil }
        return limit.rlim_cur == .max ? nil : UInt64(limit.rlim_cur)
    }

    /// The line `Threads:` (proc_pid_status(5)).
    private static func threads(status: String) -> UInt64 {
        let line = status.split(separator: "\n").first { $0.hasPrefix("Threads:") }
        return line?.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0) } ?? 0
    }
}
