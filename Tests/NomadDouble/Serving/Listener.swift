import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// Where a door is.
enum ListenAddress: Sendable {
    case unix(path: String, mode: mode_t)
    /// On 127.0.0.1; 0 lets the kernel choose.
    case tcp(port: Int)
}

/// One bound socket and the connections accepted from it.
final class Listener: Sendable {
    private static let backlog: Int32 = 1024

    let address: ListenAddress
    private let door: Door
    private let channel: any Channel
    private let connections: Connections

    /// Binds, over whatever is at the path, and serves at once or leaves connections in the backlog.
    init(double: NomadDouble, door: Door, address: ListenAddress, isServing: Bool) throws {
        let connections = Connections()
        let bootstrap = ServerBootstrap(group: double.group)
            .serverChannelOption(.backlog, value: Self.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.autoRead, value: isServing)
            .childChannelInitializer { child in
                let count = connections.add(child)
                return child.eventLoop.makeCompletedFuture {
                    // Every address is 127.0.0.1 here, so the limit for one address is that for all.
                    if door == .tcp, count > double.settings.connectionsPerAddress {
                        return try child.pipeline.syncOperations.addHandler(Refusal())
                    }
                    try child.pipeline.syncOperations.addHandlers(
                        ByteToMessageHandler(HTTPRequestDecoder()),
                        Connection(double: double, door: door)
                    )
                }
            }
        self.door = door
        self.connections = connections
        switch address {
        case .unix(let path, let mode):
            let descriptor = try UnixSocket.listen(at: path, mode: mode, backlog: Self.backlog)
            channel = try bootstrap.withBoundSocket(descriptor).wait()
            self.address = address
        case .tcp(let port):
            channel = try bootstrap.bind(host: "127.0.0.1", port: port).wait()
            self.address = .tcp(port: channel.localAddress?.port ?? port)
        }
    }

    /// Accepts from now on what the backlog holds.
    func serve() throws { try channel.setOption(.autoRead, value: true).wait() }

    /// Ends the listener and then its connections, in the middle of whatever they do; `unlinks` as Go's listener does.
    func close(unlinks: Bool) {
        try? channel.close().wait()
        if unlinks { removeFile() }
        connections.closeAll()
    }

    func removeFile() {
        switch address {
        case .unix(let path, _): unsafe _ = unlink(path)
        case .tcp: break
        }
    }
}

/// The open connections of one listener.
private final class Connections: Sendable {
    private let open = NIOLockedValueBox<[ObjectIdentifier: any Channel]>([:])

    /// Answers how many are open with this one.
    func add(_ channel: any Channel) -> Int {
        let id = ObjectIdentifier(channel)
        let count = open.withLockedValue { open in
            open[id] = channel
            return open.count
        }
        channel.closeFuture.whenComplete { _ in self.open.withLockedValue { $0[id] = nil } }
        return count
    }

    func closeAll() {
        for channel in open.withLockedValue({ Array($0.values) }) {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            try? channel.close().wait()
        }
    }
}

/// What one connection too many gets.
private final class Refusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        channel.writeAndFlush(channel.allocator.buffer(bytes: WireFormat.tooManyConnections))
            .whenComplete { _ in channel.close(promise: nil) }
    }
}
