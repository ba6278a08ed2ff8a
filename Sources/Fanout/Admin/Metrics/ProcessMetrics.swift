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
        family("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.")
        sample(usage.residentBytes)
        family("process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.")
        sample(Double(inspector.startedWallTime) / 1e9)
    }
}

/// What the process takes of the machine now.
struct ProcessUsage {
    let cpuSeconds: Double
    let mostDescriptors: UInt64
    /// These are 0 where /proc is not mounted.
    let virtualBytes: UInt64
    let residentBytes: UInt64

    init() {
        var time = timespec()
        unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        cpuSeconds = Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        var limit = rlimit()
        mostDescriptors =
            unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? UInt64(limit.rlim_cur) : 0
        // In pages: the whole, and what is resident (proc_pid_statm(5)).
        let pages = (SystemFile.read("/proc/self/statm") ?? "").split(separator: " ").map { UInt64($0) ?? 0 }
        let pageBytes = UInt64(sysconf(Int32(_SC_PAGESIZE)))
        virtualBytes = (pages.first ?? 0) * pageBytes
        residentBytes = (pages.dropFirst().first ?? 0) * pageBytes
    }
}
