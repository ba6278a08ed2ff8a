import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix

/// An admin endpoint that says what a test tells it to.
final class AdminDouble: Sendable {
    enum Answer: Sendable {
        case answer(status: Int, String)
        /// An answer that ends one byte too early.
        case cut(String)
        /// A body that goes on until the client goes.
        case endless
        /// Nothing at all, for ever.
        case silence
    }

    private static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private let answers = NIOLockedValueBox<[String: Answer]>([:])
    private let seen = NIOLockedValueBox<[String]>([])
    private let channel = NIOLockedValueBox<(any Channel)?>(nil)
    private let children = NIOLockedValueBox<[any Channel]>([])
    let unixPath: String?
    private let boundPort = NIOLockedValueBox(0)

    /// Serves the sample on 127.0.0.1, or at a path.
    init(unixPath: String? = nil) throws {
        self.unixPath = unixPath
        show(Sample())
        try listen()
    }

    deinit { stop() }

    var port: Int { boundPort.withLockedValue { $0 } }
    /// What `--admin-address` gets.
    var address: String { unixPath.map { "unix:\($0)" } ?? "127.0.0.1:\(port)" }
    /// Targets, in the order in which they came.
    var requests: [String] { seen.withLockedValue { $0 } }

    func set(_ path: String, _ answer: Answer) { answers.withLockedValue { $0[path] = answer } }

    func show(_ sample: Sample) {
        for (path, text) in sample.reports {
            set(path, .answer(status: path == "/ready" ? sample.readyStatus : 200, text))
        }
    }

    /// Listens, again on the same port after ``stop()``.
    func listen() throws {
        let bootstrap = ServerBootstrap(group: Self.group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { [answers, seen, children] child in
                children.withLockedValue { $0.append(child) }
                return child.eventLoop.makeCompletedFuture {
                    try child.pipeline.syncOperations.configureHTTPServerPipeline()
                    try child.pipeline.syncOperations.addHandler(AdminDoubleHandler(answers: answers, seen: seen))
                }
            }
        let bound: any Channel
        if let unixPath {
            bound = try bootstrap.bind(unixDomainSocketPath: unixPath, cleanupExistingSocketFile: true).wait()
        } else {
            bound = try bootstrap.bind(host: "127.0.0.1", port: port).wait()
        }
        boundPort.withLockedValue { $0 = bound.localAddress?.port ?? 0 }
        channel.withLockedValue { $0 = bound }
    }

    func stop() {
        let last = channel.withLockedValue { channel in
            defer { channel = nil }
            return channel
        }
        try? last?.close().wait()
        for child in children.withLockedValue({ $0 }) { child.close(promise: nil) }
    }
}

/// Answers each request of one connection with what is set at that moment.
private final class AdminDoubleHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let answers: NIOLockedValueBox<[String: AdminDouble.Answer]>
    private let seen: NIOLockedValueBox<[String]>

    init(answers: NIOLockedValueBox<[String: AdminDouble.Answer]>, seen: NIOLockedValueBox<[String]>) {
        self.answers = answers
        self.seen = seen
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let request) = unwrapInboundIn(data) else { return }
        seen.withLockedValue { $0.append(request.uri) }
        let path = String(request.uri.prefix { $0 != "?" })
        switch answers.withLockedValue({ $0[path] }) ?? .answer(status: 404, "{}") {
        case .answer(let status, let text):
            send(status, length: text.utf8.count, text, context)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .cut(let text):
            send(200, length: text.utf8.count + 1, text, context)
            context.close(promise: nil)
        case .endless:
            send(200, length: nil, "[", context)
            more(context)
        case .silence: break
        }
    }

    private func send(_ status: Int, length: Int?, _ text: String, _ context: ChannelHandlerContext) {
        var headers: HTTPHeaders = [
            "Content-Type": text.hasPrefix("<") ? "text/html; charset=utf-8" : "application/json"
        ]
        if let length { headers.add(name: "Content-Length", value: "\(length)") }
        let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
    }

    private func more(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        let own = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let part = ByteBuffer(repeating: UInt8(ascii: " "), count: 1 << 20)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(part)))).whenSuccess {
            let (handler, context) = own.value
            handler.more(context)
        }
    }
}
