import Foundation

/// CPU time of processes with all their threads, to the nanosecond.
enum CPUTime {
    /// Seconds on a CPU so far: the first field of /proc/PID/task/TID/schedstat (Documentation/scheduler/sched-stats),
    /// user and system time together. A thread that ends takes its time along, so peers must keep theirs.
    static func seconds(of processes: [Int32]) -> Double {
        processes.reduce(0) { total, process in
            let folder = "/proc/\(process)/task"
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return threads.reduce(total) { $0 + nanoseconds("\(folder)/\($1)/schedstat") / 1e9 }
        }
    }

    /// Seconds of all children of this process that have ended and been waited for.
    static func ofReapedChildren() -> Double {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage) == 0 else { return 0 }
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    private static func nanoseconds(_ path: String) -> Double {
        readText(path)?.split(separator: " ").first.flatMap { Double($0) } ?? 0
    }
}
