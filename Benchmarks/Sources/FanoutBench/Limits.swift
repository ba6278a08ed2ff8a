import Glibc

/// What this process, and hence its children, may have.
enum Limits {
    /// Descriptors that a process needs beside those of connections.
    static let spareDescriptors = 120

    /// Descriptors of a process (getrlimit(2)).
    static let descriptors: Int = {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        return Int(clamping: min(limit.rlim_cur, 1 << 20))
    }()
}
