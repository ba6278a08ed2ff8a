import NIOCore
import NIOHTTP1
import NIOPosix

/// One request on a connection of its own; confined to the event loop, ends exactly once.
final class AdminExchange {
    private let address: AdminAddress
    private let target: String
    private let limit: Duration
    private let loop: any EventLoop
    private var promise: EventLoopPromise<Result<AdminClient.Answer, AdminFailure>>?
    private var channel: (any Channel)?
    private var timer: Scheduled<Void>?

    init(
        _ address: AdminAddress,
        _ target: String,
        within limit: Duration,
        _ loop: any EventLoop,
        _ promise: EventLoopPromise<Result<AdminClient.Answer, AdminFailure>>
    ) {
        self.address = address
        self.target = target
        self.limit = limit
        self.loop = loop
        self.promise = promise
    }

    func start() {
        timer = loop.assumeIsolated().scheduleTask(in: TimeAmount(limit)) {
            self.finish(.failure(AdminFailure("no answer in time")))
        }
        connect().assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel): self.send(on: channel)
            case .failure(let error): self.finish(.failure(AdminFailure(connecting: error)))
            }
        }
    }

    private func connect() -> EventLoopFuture<any Channel> {
        // The whole request has one limit; its phases need none of their own.
        let deadlines = RequestDeadlines(connect: limit, send: limit, answer: limit, bodyStall: limit, wholeBody: limit)
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(TimeAmount(limit))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandler(NomadConnection(deadlines: deadlines))
                }
            }
        do {
            switch address {
            case .unix(let path):
                return bootstrap.withConnectedSocket(try UnixSocket.connect(path))
            case .tcp(let place) where place.numericAddress != nil:
                return bootstrap.connect(to: try NIOCore.SocketAddress(ipAddress: place.host, port: Int(place.port)))
            case .tcp(let place):
                return bootstrap.connect(host: place.host, port: Int(place.port))
            }
        } catch {
            return loop.makeFailedFuture(error)
        }
    }

    private func send(on channel: any Channel) {
        guard promise != nil else { return channel.close(promise: nil) }
        self.channel = channel
        let headers: HTTPHeaders = ["Host": address.host, "User-Agent": "fanout", "Connection": "close"]
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: headers)
        do {
            let connection = try channel.pipeline.syncOperations.handler(type: NomadConnection.self)
            connection.send(head, answerWithin: limit) { result in
                self.finish(
                    result
                        .map { AdminClient.Answer(status: $0.status, body: $0.body) }
                        .mapError { AdminFailure(asking: $0) }
                )
            }
        } catch {
            finish(.failure(AdminFailure("\(error)")))
        }
    }

    private func finish(_ result: Result<AdminClient.Answer, AdminFailure>) {
        guard let promise else { return }
        self.promise = nil
        timer?.cancel()
        channel?.close(promise: nil)
        promise.succeed(result)
    }
}
