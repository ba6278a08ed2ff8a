import Glibc
import NIOCore
import NIOPosix

/// Answers lines on a unix socket: each line gets one line back, in order.
///
/// The handler runs on a thread of its own, because commands wait for the double's event loop.
public final class ControlServer: Sendable {
    private let path: String
    private let channel: any Channel
    private let thread = NIOThreadPool(numberOfThreads: 1)

    /// Binds `path`, over whatever is there, with mode 0600.
    public init(double: NomadDouble, path: String, handler: @escaping @Sendable (String) -> String) throws {
        let thread = self.thread
        thread.start()
        self.path = path
        unsafe _ = unlink(path)
        do {
            channel = try ServerBootstrap(group: double.group)
                .childChannelInitializer { child in
                    child.eventLoop.makeCompletedFuture {
                        try child.pipeline.syncOperations.addHandler(LineHandler(thread: thread, answer: handler))
                    }
                }
                .bind(unixDomainSocketPath: path).wait()
        } catch {
            try? thread.syncShutdownGracefully()
            throw error
        }
        unsafe _ = chmod(path, 0o600)
    }

    /// Closes the socket and removes its file; to be called before the double's `shutdown`.
    public func shutdown() {
        try? channel.close().wait()
        unsafe _ = unlink(path)
        try? thread.syncShutdownGracefully()
    }
}

/// Splits a connection's bytes into lines and writes the answers back.
private final class LineHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let longestLine = 65_536

    private let thread: NIOThreadPool
    private let answer: @Sendable (String) -> String
    private var line: [UInt8] = []

    init(thread: NIOThreadPool, answer: @escaping @Sendable (String) -> String) {
        self.thread = thread
        self.answer = answer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        for byte in unwrapInboundIn(data).readableBytesView {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            respond(String(decoding: line, as: UTF8.self), context)
            line = []
        }
        if line.count > Self.longestLine { context.close(promise: nil) }
    }

    private func respond(_ line: String, _ context: ChannelHandlerContext) {
        let channel = context.channel
        let answer = self.answer
        thread.runIfActive(eventLoop: context.eventLoop) { answer(line) }
            .whenSuccess { channel.writeAndFlush(channel.allocator.buffer(string: $0 + "\n"), promise: nil) }
    }
}
