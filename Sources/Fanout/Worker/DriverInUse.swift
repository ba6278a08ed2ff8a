import Reactor

/// What a worker tells of its driver once it has one.
struct DriverInUse: Sendable {
    let name: DriverName
    let features: KernelFeatures
    /// What was asked for.
    let choice: DriverChoice
    /// Why it is not io_uring, where that was tried.
    let refusal: SystemError?

    /// Why it is this one.
    var reason: String {
        if let refusal { return StartFailure.reason(ofRefused: refusal) }
        return choice == .auto ? "io_uring works" : "as --driver asks"
    }
}

/// The drivers as operators know them.
enum DriverName: String, Sendable {
    case ioUring = "io_uring"
    case epoll
}
