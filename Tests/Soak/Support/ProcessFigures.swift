import Foundation
import Glibc

/// What the kernel says of a process: memory and processor time.
struct ProcessFigures {
    /// Resident memory in bytes, and the part of it that no file backs (proc_pid_status(5)).
    let resident: Int
    let anonymous: Int

    init(of pid: Int32) throws {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        func kibibytes(_ name: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
            return line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) } ?? 0
        }
        resident = kibibytes("VmRSS") << 10
        anonymous = kibibytes("RssAnon") << 10
    }

    /// Seconds of processor time that its threads have used, exact to the nanosecond (clock_getcpuclockid(3)).
    static func processorTime(of pid: Int32) throws -> Double {
        var clock = clockid_t()
        var time = timespec()
        guard unsafe clock_getcpuclockid(pid, &clock) == 0, unsafe clock_gettime(clock, &time) == 0 else {
            throw Proxy.Failure(description: "no processor time of process \(pid)")
        }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

/// RLIMIT_NOFILE.
enum DescriptorLimit {
    /// Raises the soft limit to the hard one, and returns it.
    static func raise() -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_cur)
    }
}
