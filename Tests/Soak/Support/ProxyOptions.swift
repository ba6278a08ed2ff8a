import ArgumentParser

/// Which proxy is soaked, and on which kernel interface.
struct ProxyOptions: ParsableArguments {
    enum Driver: String, ExpressibleByArgument, CaseIterable {
        case auto
        case uring = "io_uring"
        case epoll
    }

    @Option(help: .hidden)
    var fanout = ".build/release/fanout"

    @Option(help: "Kernel interface of the proxy.")
    var driver = Driver.auto

    /// What the proxy gets besides PATH.
    var environment: [String: String] { ["FANOUT_DRIVER": driver.rawValue] }
}
