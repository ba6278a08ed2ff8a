import NIOCore
import NIOPosix

/// Sends one line to a `ControlServer` and waits for the line that answers it.
public enum ControlClient {
    /// Answers without the newline; fails when nobody listens at `path` or the connection ends first.
    public static func send(_ line: String, to path: String) throws -> String {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let answer = group.next().makePromise(of: String.self)
        let connected = ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AnswerHandler(answer))
                }
            }
            .connect(unixDomainSocketPath: path)
        connected.whenFailure { answer.fail($0) }
        connected.whenSuccess { channel in
            channel.writeAndFlush(channel.allocator.buffer(string: line + "\n"), promise: nil)
        }
        return try answer.futureResult.wait()
    }
}

private final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let answer: EventLoopPromise<String>
    private var received: [UInt8] = []

    init(_ answer: EventLoopPromise<String>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytesView
        guard let end = received.firstIndex(of: UInt8(ascii: "\n")) else { return }
        answer.succeed(String(decoding: received[..<end], as: UTF8.self))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { answer.fail(ChannelError.eof) }
}
