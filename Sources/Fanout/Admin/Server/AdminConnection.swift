import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection of the admin endpoint, one request after the other.
///
/// Last handler of its channel, confined to the admin thread. Whatever its client does, it holds no more than a head of
/// ``headLimits`` and one answer, for no longer than ``requestLimit`` or ``answerLimit``.
final class AdminConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// From the connect, or the last answer, to the end of the next request.
    static let requestLimit = TimeAmount.seconds(30)
    /// From a request to the moment when the client's kernel has taken the whole answer.
    static let answerLimit = TimeAmount.seconds(10)
    /// Bytes of a body that are read and thrown away.
    static let longestBody = 64 << 10
    /// Browsers and scrapers stay far below.
    static var headLimits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 4 << 10
        limits.maxHeaderListSize = 16 << 10
        limits.maxHeaderFieldCount = 64
        return limits
    }

    private enum State {
        case waiting
        case reading(HTTPRequestHead, bodyBytes: Int)
        case answering
        case closed
    }

    private let routes: AdminRoutes
    private let crowd: AdminCrowd
    private var state = State.waiting
    /// The client sends nothing any more; the answer that it waits for is the last.
    private var isInputClosed = false
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?

    init(routes: AdminRoutes, crowd: AdminCrowd) {
        self.routes = routes
        self.crowd = crowd
    }

    /// Whether its client loses no answer when it is closed.
    var isIdle: Bool {
        switch state {
        case .waiting, .reading: true
        case .answering, .closed: false
        }
    }

    func close() {
        state = .closed
        timer?.cancel()
        context?.close(promise: nil)
    }

    // MARK: Requests

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        expire(after: Self.requestLimit)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        state = .closed
        timer?.cancel()
        crowd.leave(self)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .waiting):
            state = .reading(head, bodyBytes: 0)
        case (.body(let part), .reading(let head, let bytes)):
            guard bytes + part.readableBytes <= Self.longestBody else {
                return send(.refusal(.payloadTooLarge, "a request has no body here"), to: head)
            }
            state = .reading(head, bodyBytes: bytes + part.readableBytes)
        case (.end, .reading(let head, _)):
            answer(head)
        case (.head, _), (.body, _), (.end, _):
            // What comes after the last answer of a connection is for nobody.
            break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed {
            isInputClosed = true
            if isIdle { close() }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError, isIdle else { return close() }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
        if error == .headerOverflow {
            send(.refusal(.requestHeaderFieldsTooLarge, "the head of the request is too long"), to: head)
        } else {
            send(.refusal(.badRequest, "not an HTTP/1.1 request"), to: head)
        }
    }

    private func answer(_ head: HTTPRequestHead) {
        state = .answering
        expire(after: Self.answerLimit)
        routes.answer(head).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let answer): self.send(answer, to: head)
            case .failure(let error): self.send(.refusal(.internalServerError, "no answer: \(error)"), to: head)
            }
        }
    }

    // MARK: Answers

    private func send(_ answer: AdminAnswer, to request: HTTPRequestHead) {
        guard let context, context.channel.isActive else { return }
        state = .answering
        expire(after: Self.answerLimit)
        let isLast = answer.isLast || isInputClosed || !request.isKeepAlive
        var headers = HTTPHeaders([
            ("Content-Type", answer.contentType), ("Content-Length", "\(answer.body.count)"),
            ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"),
        ])
        for (name, value) in answer.headers { headers.add(name: name, value: value) }
        if isLast { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        let body = ByteBuffer(bytes: answer.body)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(body)))).assumeIsolated().whenComplete { result in
            if case .success = result, !isLast { self.crowd.queueForNext(self) } else { self.close() }
        }
    }

    /// Takes the next request, which may be here already (HTTPServerPipelineHandler): it comes after the end of an answer,
    /// so a client that reads nothing has one answer that waits for it.
    func takeNext() {
        guard case .answering = state, let context else { return }
        guard !isInputClosed else { return close() }
        state = .waiting
        expire(after: Self.requestLimit)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func expire(after limit: TimeAmount) {
        timer?.cancel()
        timer = context?.eventLoop.assumeIsolated().scheduleTask(in: limit) { self.close() }
    }
}
