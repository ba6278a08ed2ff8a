import Glibc
import NIOCore
import NIOHTTP1

/// One HTTP connection: answers its requests in order, one at a time, as Go's server does.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    /// More pipelined requests than any sane client sends; the connection ends beyond it.
    private static let longestQueue = 1000

    private let double: NomadDouble
    private let door: Door
    private var head: HTTPRequestHead?
    private var queue: [HTTPRequestHead] = []
    private var current: Exchange?
    private var isBusy = false
    private var isClosing = false

    init(double: NomadDouble, door: Door) {
        self.double = double
        self.door = door
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head, !isClosing else { return }
            self.head = nil
            queue.append(head)
            if queue.count > Self.longestQueue { context.close(promise: nil) }
            answerNext(context)
        }
    }

    /// The double is about to close this connection itself.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { current?.abandon(byClient: false) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosing = true
        current?.abandon(byClient: true)
        current = nil
        queue = []
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, !isClosing else { return context.close(promise: nil) }
        refuse("400 Bad Request", context)
    }

    private func answerNext(_ context: ChannelHandlerContext) {
        guard !isBusy, !isClosing, !queue.isEmpty else { return }
        let head = queue.removeFirst()
        guard head.headers.contains(name: "Host") || head.version == .http1_0 else {
            return refuse("400 Bad Request: missing required Host header", context)
        }
        isBusy = true
        let exchange = Exchange(
            double: double,
            door: door,
            request: Request(head),
            loop: context.eventLoop
        ) { [weak self] steps in
            self?.current = nil
            self?.deliver(steps[...], context)
        }
        current = exchange
        exchange.start()
    }

    private func refuse(_ text: String, _ context: ChannelHandlerContext) {
        isBusy = true
        deliver([.send(WireFormat.protocolError(text)), .close], context)
    }

    private func deliver(_ steps: ArraySlice<DeliveryStep>, _ context: ChannelHandlerContext) {
        guard let step = steps.first else {
            isBusy = false
            return answerNext(context)
        }
        let rest = steps.dropFirst()
        switch step {
        case .send(let bytes):
            send(bytes[...], context) { $0.deliver(rest, $1) }
        case .dribble(let bytes, let milliseconds):
            dribble(bytes[...], milliseconds, rest, context)
        case .close:
            isClosing = true
            context.close(promise: nil)
        case .reset:
            isClosing = true
            reset(context)
        case .stall:
            isBusy = true
        }
    }

    private func send(
        _ bytes: ArraySlice<UInt8>,
        _ context: ChannelHandlerContext,
        then next: @escaping (Connection, ChannelHandlerContext) -> Void
    ) {
        let written = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: written)
        let own = NIOLoopBound((connection: self, context: context, next: next), eventLoop: context.eventLoop)
        written.futureResult.whenSuccess { own.value.next(own.value.connection, own.value.context) }
    }

    private func dribble(
        _ bytes: ArraySlice<UInt8>,
        _ milliseconds: Int,
        _ rest: ArraySlice<DeliveryStep>,
        _ context: ChannelHandlerContext
    ) {
        guard !bytes.isEmpty else { return deliver(rest, context) }
        send(bytes.prefix(1), context) { connection, context in
            let own = NIOLoopBound((connection: connection, context: context), eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: .milliseconds(Int64(milliseconds))) {
                guard own.value.context.channel.isActive else { return }
                own.value.connection.dribble(bytes.dropFirst(), milliseconds, rest, own.value.context)
            }
        }
    }

    /// A zero linger time makes the close a reset, socket(7).
    private func reset(_ context: ChannelHandlerContext) {
        let channel = context.channel
        guard let provider = channel as? any SocketOptionProvider else { return context.close(promise: nil) }
        provider.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
    }
}
