import Glibc
import Reactor

/// Wakes a thread that sleeps in poll(2): a non-blocking pipe, in which any number of signals is one.
final class WakeupPipe: Sendable {
    /// To be polled for POLLIN.
    let reader: Int32
    private let writer: Int32

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SystemError.last("pipe") }
        (reader, writer) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        close(reader)
        close(writer)
    }

    /// A full pipe already says what this would say.
    func signal() {
        var byte: UInt8 = 0
        _ = unsafe write(writer, &byte, 1)
    }

    func clear() {
        unsafe withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            while unsafe read(reader, buffer.baseAddress, buffer.count) == buffer.count {}
        }
    }
}
