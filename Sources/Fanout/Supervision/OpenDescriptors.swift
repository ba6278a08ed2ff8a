import Glibc

/// How many descriptors the process has open (proc(5), /proc/self/fd).
enum OpenDescriptors {
    /// 0 where /proc is not mounted.
    static func count() -> Int {
        guard let directory = unsafe opendir("/proc/self/fd") else { return 0 }
        defer { unsafe closedir(directory) }
        var count = 0
        while let entry = unsafe readdir(directory) {
            // Neither "." nor "..": the numbers start with a digit.
            if unsafe entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
        }
        // One of them is the directory itself.
        return max(0, count - 1)
    }
}
