import Glibc
import Reactor

/// A listening socket that a test closes.
final class TestListener {
    private let socket: ListeningSocket
    private var isClosed = false

    init(
        on address: SocketAddress = Loopback.any,
        workers: Int,
        dualStack: Bool = false
    ) throws(SystemError) {
        socket = try ListeningSocket(
            address,
            workers: workers,
            dualStack: dualStack
        )
    }

    deinit { close() }

    var address: SocketAddress { socket.address }
    var descriptors: [Int32] { socket.descriptors }
    var isUnix: Bool { socket.isUnix }

    func refuseNewConnections() { socket.refuseNewConnections() }

    /// Leaves the file of a unix socket, as a process does that is killed.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        for descriptor in Set(descriptors) { Socket.closeGracefully(descriptor) }
    }

    /// The next connection of any worker.
    func accepted() throws -> Descriptor {
        var accepted: Int32 = -EAGAIN
        try waitUntil("a connection to accept") {
            for descriptor in descriptors {
                accepted = Socket.accept(descriptor)
                if accepted >= 0 { return true }
            }
            return false
        }
        return try Descriptor(accepted)
    }
}
