import Reactor

/// What a worker tells of its driver once it has one.
struct DriverInUse: Sendable {
    let name: DriverName
    let features: KernelFeatures
    /// Why it is not io_uring, where that was tried.
    let refusal: SystemError?
}

/// The drivers as operators know them.
enum DriverName: String, Sendable {
    case ioUring = "io_uring"
    case epoll
}
