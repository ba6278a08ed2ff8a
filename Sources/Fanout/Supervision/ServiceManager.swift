import Logging
import Reactor

/// The service manager that wants to know how far the process is: systemd's `Type=notify` (sd_notify(3)).
struct ServiceManager {
    private let socket: SocketAddress?
    private let logger: Logger

    /// `NOTIFY_SOCKET` is a path, or `@` and a name of the abstract kind; without it nobody is told anything.
    init(_ environment: [String: String], logger: Logger) {
        self.logger = logger
        let text = environment.nonEmpty("NOTIFY_SOCKET")
        socket = text.flatMap { text in
            text.dropping(prefix: "@").map { SocketAddress(abstractName: $0) }
                ?? (text.hasPrefix("/") ? SocketAddress(unixPath: text) : nil)
        }
        if let text, socket == nil {
            logger.warning("the service manager cannot be told anything", metadata: ["notify_socket": "\(text)"])
        }
    }

    /// The listeners are bound and the workers serve; clients that come before Nomad has answered are held.
    func started() { tell("READY=1") }

    func stopping() { tell("STOPPING=1") }

    private func tell(_ state: String) {
        guard let socket else { return }
        do throws(SystemError) {
            try Datagram.send(state, to: socket)
        } catch {
            logger.warning("the service manager was not told", metadata: ["state": "\(state)", "error": "\(error)"])
        }
    }
}
