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

    static let ioUring = DriverKind(testDescription: "io_uring") { wakeup, size in
        var options = UringDriver.Options()
        options.submissionEntries = size.submissions
        options.completionEntries = size.completions
        options.bufferCount = size.buffers
        options.bufferSize = size.bufferSize
        return try UringDriver(wakeup: wakeup, options: options)
    }

    static let epoll = DriverKind(testDescription: "epoll") { wakeup, size in
        var options = EpollDriver.Options()
        options.bufferCount = size.buffers
        options.bufferSize = size.bufferSize
        return try EpollDriver(wakeup: wakeup, options: options)
    }

    /// Every driver there is; a new one is added here and nowhere else.
    static let all = [ioUring, epoll]
}
