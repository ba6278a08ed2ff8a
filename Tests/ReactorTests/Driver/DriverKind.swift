import Reactor
import Testing

/// How large a driver under test is made.
struct DriverSize: Sendable {
    /// Operations that can be handed to the kernel at once, and results that it can hand back.
    var submissions: UInt32 = 64
    var completions: UInt32 = 256
    var buffers = 16
    var bufferSize = 16 * 1024

    static let usual = DriverSize()
}

/// A driver that the conformance suite runs against.
struct DriverKind: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let make: @Sendable (Wakeup, DriverSize) throws -> any Driver

    /// - Parameter busyPoll: nanoseconds of spinning before each sleep.
    private static func ioUring(_ name: String, busyPoll: UInt64 = 0) -> DriverKind {
        DriverKind(testDescription: name) { wakeup, size in
            var options = UringDriver.Options()
            options.submissionEntries = size.submissions
            options.completionEntries = size.completions
            options.buffers.commonCount = size.buffers
            options.buffers.commonSize = size.bufferSize
            options.busyPoll = busyPoll
            return try UringDriver(wakeup: wakeup, options: options)
        }
    }

    private static func epoll(_ name: String, busyPoll: UInt64 = 0) -> DriverKind {
        DriverKind(testDescription: name) { wakeup, size in
            var options = EpollDriver.Options()
            options.buffers.commonCount = size.buffers
            options.buffers.commonSize = size.bufferSize
            options.busyPoll = busyPoll
            return try EpollDriver(wakeup: wakeup, options: options)
        }
    }

    /// Every driver there is; a new one is added here and nowhere else.
    static let all = [
        ioUring("io_uring"), ioUring("io_uring, spinning", busyPoll: 200_000),
        epoll("epoll"), epoll("epoll, spinning", busyPoll: 200_000),
    ]
}
