import Glibc

/// Descriptors 0, 1 and 2.
enum StandardStreams {
    /// Opens /dev/null on those that are closed; otherwise the next socket would get such a number, and the logs.
    ///
    /// To be called first of all, before anything opens a descriptor.
    static func occupy() {
        for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
            // open(2) takes the lowest free number, which is this one.
            _ = unsafe open("/dev/null", O_RDWR)
        }
    }

    /// Writes a message as it is, for the time before the log runs; gives up when the descriptor does.
    static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || (count < 0 && errno == EINTR) else { return }
            rest = rest.dropFirst(max(0, count))
        }
    }
}
