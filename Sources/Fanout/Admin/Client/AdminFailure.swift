import Glibc
import NIOCore
import NIOPosix
import Reactor

/// Why the admin endpoint gave no answer that can be used, in words for the person who asked.
struct AdminFailure: Error, Equatable, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// Of a connection that did not come about.
    init(connecting error: any Error) {
        switch error {
        case let error as SystemError: self.init(SystemError.text(error.errno))
        case let error as IOError: self.init(SystemError.text(error.errnoCode))
        case is ChannelError: self.init("the connection was not accepted in time")
        case let error as NIOConnectionError: self.init(connecting: error)
        case let error: self.init("\(error)")
        }
    }

    /// Of a host name: no address, or one that does not answer.
    private init(connecting error: NIOConnectionError) {
        guard let last = error.connectionErrors.last else {
            self.init("the name \(error.host) has no address")
            return
        }
        self.init(connecting: last.error)
    }

    /// Of a request that was sent.
    init(asking failure: DiscoveryFailure) {
        switch failure {
        case .timedOut: self.init("no answer in time")
        case let failure: self.init(failure.description)
        }
    }
}
