import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection to the Nomad API with at most one request under way.
///
/// Last handler of its channel, confined to the discovery thread. An answer counts only when it is complete: full
/// `Content-Length`, last chunk, or the end of a connection that announced neither. Bytes nobody asked for, and
/// everything that is not HTTP, close the connection.
final class NomadConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart
    typealias Completion = (Result<NomadAnswer, DiscoveryFailure>) -> Void

    /// The longest body that is taken, in bytes: some 20,000 registrations. It is there up to three times while it is
    /// decoded, in a sidecar that may have 64 MiB.
    static let longestBody = 8 * 1024 * 1024

    private enum State {
        case idle
        case awaitingHead(Completion)
        case receivingBody(Completion, HTTPResponseHead)
        case closed
    }

    private let deadlines: RequestDeadlines
    private var state = State.idle
    /// Not part of the state, which is copied: appending must not copy what has come so far.
    private var body = ByteBuffer()
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    private var lastProgress = NIODeadline.now()

    init(deadlines: RequestDeadlines) { self.deadlines = deadlines }

    /// Whether another request may be sent.
    var isIdle: Bool {
        switch state {
        case .idle: context?.channel.isActive ?? false
        case .awaitingHead, .receivingBody, .closed: false
        }
    }

    /// Sends a request; `completion` is called exactly once. Only while ``isIdle``.
    func send(_ head: HTTPRequestHead, answerWithin limit: Duration, completion: @escaping Completion) {
        guard isIdle, let context else { return completion(.failure(.brokenConnection("the connection is closed"))) }
        state = .awaitingHead(completion)
        expire(.send, after: deadlines.send)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenSuccess {
            guard case .awaitingHead = self.state else { return }
            self.expire(.answer, after: limit)
        }
    }

    /// Closes the connection; a request under way fails with `failure`.
    func close(_ failure: DiscoveryFailure) {
        fail(failure)
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        fail(.brokenConnection("the connection was closed"))
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .awaitingHead(let completion)):
            let announced = head.headers.first(name: "Content-Length").flatMap(Int.init) ?? 0
            guard announced <= Self.longestBody else { return close(.oversizedBody) }
            state = .receivingBody(completion, head)
            body = ByteBuffer()
            lastProgress = .now()
            watchBody(until: lastProgress + TimeAmount(deadlines.wholeBody))
        case (.body(let part), .receivingBody):
            guard body.readableBytes + part.readableBytes <= Self.longestBody else { return close(.oversizedBody) }
            body.writeImmutableBuffer(part)
            lastProgress = .now()
        case (.end, .receivingBody(let completion, let head)):
            timer?.cancel()
            let answer = NomadAnswer(head: head, body: body)
            body = ByteBuffer()
            state = head.isKeepAlive ? .idle : .closed
            if !head.isKeepAlive { context.close(promise: nil) }
            completion(.success(answer))
        case (.head, _), (.body, _), (.end, _):
            close(.brokenConnection("the server sent an answer that nobody asked for"))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(.brokenConnection("the connection was closed"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(.brokenConnection(TransportSecurity.explanation(of: error) ?? "\(error)"))
    }

    private func fail(_ failure: DiscoveryFailure) {
        timer?.cancel()
        let last = state
        state = .closed
        body = ByteBuffer()
        switch last {
        case .awaitingHead(let completion), .receivingBody(let completion, _): completion(.failure(failure))
        case .idle, .closed: break
        }
    }

    private func expire(_ phase: DiscoveryFailure.Phase, after limit: Duration) {
        timer?.cancel()
        timer = context?.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            self.close(.timedOut(phase))
        }
    }

    /// One timer for the whole body instead of one a piece.
    private func watchBody(until end: NIODeadline) {
        timer?.cancel()
        let due = min(lastProgress + TimeAmount(deadlines.bodyStall), end)
        timer = context?.eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            guard min(self.lastProgress + TimeAmount(self.deadlines.bodyStall), end) <= .now() else {
                return self.watchBody(until: end)
            }
            self.close(.timedOut(.body))
        }
    }
}

extension TimeAmount {
    /// Rounded down to nanoseconds.
    init(_ duration: Duration) { self = .nanoseconds(duration.wholeNanoseconds) }
}
