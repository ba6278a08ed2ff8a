import Glibc
import Logging
import Reactor

/// The listeners of all services, bound one after the other.
///
/// An address may still be its last owner's for a moment: of a process that was killed, io_uring keeps the listeners
/// until the kernel has cancelled what was in flight, which goes on after the process has been reaped (10 ms with 100
/// connections, 400 ms with 9,000; Linux 6.18). So an address that is taken is asked for again for a while.
struct ListenerSet {
    /// How long a process that was killed may take to go; who finds an address taken for good is told so late.
    private static let patience: UInt64 = 3_000_000_000
    /// The pauses double: on a unix socket each look is a connection to whoever listens there.
    private static let firstPause: UInt64 = 5_000_000
    private static let longestPause: UInt64 = 320_000_000

    let configuration: Configuration
    let logger: Logger

    func bind() throws(StartFailure) -> [ListeningSocket] {
        let end = Deadline.now().advanced(by: Self.patience)
        var listeners: [ListeningSocket] = []
        for service in configuration.services {
            do throws(SystemError) {
                listeners.append(try bind(service.listen, until: end))
            } catch {
                throw .listen(service.listen.description, error)
            }
        }
        return listeners
    }

    private func bind(_ listen: ListenAddress, until end: Deadline) throws(SystemError) -> ListeningSocket {
        guard let address = listen.socketAddress else { throw SystemError("bind", errno: EINVAL) }
        var pause = Self.firstPause
        while true {
            do throws(SystemError) {
                return try ListeningSocket(
                    address,
                    workers: configuration.workers.count,
                    dualStack: listen.isDualStack
                )
            } catch {
                guard error.errno == EADDRINUSE, Deadline.now() < end else { throw error }
            }
            if pause == Self.firstPause {
                logger.info("address taken, asking for it again", metadata: ["address": "\(listen)"])
            }
            usleep(useconds_t(pause / 1_000))
            pause = min(pause * 2, Self.longestPause)
        }
    }
}
