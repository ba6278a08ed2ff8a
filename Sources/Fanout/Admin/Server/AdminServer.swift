import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Reactor

/// The admin endpoint: HTTP/1.1 on a thread of its own, which gives way to the workers.
struct AdminServer {
    /// Descriptors that it takes at most: its listener, its event loop's three, and its connections, of which one more is
    /// there for a moment.
    static let descriptors = 4 + AdminCrowd.limit + 1
    /// A third of a worker's weight where they compete for a CPU (sched(7)): a client that asks without end takes little from
    /// sessions, and a scrape still comes through on a machine that has too much to do.
    private static let niceness: Int32 = 5

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let listener: ListeningSocket
    private let logger: Logger

    /// Begins to serve on a listening socket, which is its own from now on.
    init(_ listener: ListeningSocket, _ inspector: Inspector, _ logger: Logger) throws {
        self.listener = listener
        self.logger = logger
        guard let descriptor = listener.descriptors.first else { preconditionFailure("a listener has a descriptor") }
        let loop = group.next()
        do {
            let room = try loop.submit {
                // On Linux the call concerns the thread alone.
                _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
                return NIOLoopBound(
                    Room(routes: AdminRoutes(inspector, on: loop), crowd: AdminCrowd(on: loop)),
                    eventLoop: loop
                )
            }.wait()
            _ = try ServerBootstrap(group: group)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture { try Self.admit(channel, room.value) }
                }
                .childChannelOption(.maxMessagesPerRead, value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .withBoundSocket(descriptor)
                .wait()
        } catch {
            try group.syncShutdownGracefully()
            throw error
        }
    }

    /// What all connections share, on the admin thread.
    private struct Room {
        let routes: AdminRoutes
        let crowd: AdminCrowd
    }

    private static func admit(_ channel: any Channel, _ room: Room) throws {
        let connection = AdminConnection(routes: room.routes, crowd: room.crowd)
        let decoder = HTTPRequestDecoder(
            leftOverBytesStrategy: .dropBytes,
            limitConfiguration: AdminConnection.headLimits
        )
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(HTTPServerPipelineHandler())
        try pipeline.addHandler(connection)
        room.crowd.enter(connection)
    }

    /// Closes everything; a socket file goes too.
    func stop() {
        listener.removeFile()
        do {
            try group.syncShutdownGracefully()
        } catch {
            logger.error("the admin thread did not end: \(error)")
        }
    }
}
