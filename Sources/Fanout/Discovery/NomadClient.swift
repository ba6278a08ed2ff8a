import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Reactor

/// Reads from the Nomad API, one request at a time, over one connection that is kept alive.
///
/// Confined to the discovery thread, whose event loop it is given.
final class NomadClient {
    private static let userAgent = "fanout"

    private let address: NomadAddress
    private let deadlines: RequestDeadlines
    private let loop: any EventLoop
    private var connection: NomadConnection?
    private var pending: PendingAnswer?
    private var abandonments = 0

    init(address: NomadAddress, deadlines: RequestDeadlines, loop: any EventLoop) {
        self.address = address
        self.deadlines = deadlines
        self.loop = loop
    }

    /// Sends a request and waits for its complete answer, whatever its status.
    ///
    /// A kept connection that turns out to be closed already is replaced once. One call at a time.
    func get(
        _ request: NomadRequest,
        token: String?,
        isolation: isolated (any Actor)? = #isolation
    ) async -> Result<NomadAnswer, DiscoveryFailure> {
        let wasKept = connection?.isIdle ?? false
        let before = abandonments
        let result = await attempt(request, token: token)
        guard wasKept, case .failure(.brokenConnection) = result else { return result }
        // abandon() may have come after the failure and before this line.
        guard abandonments == before else { return .failure(.abandoned) }
        return await attempt(request, token: token)
    }

    /// Ends the connection; a ``get(_:token:)`` under way returns `abandoned`.
    func abandon() {
        abandonments &+= 1
        pending?.finish(.failure(.abandoned))
        connection?.close(.abandoned)
        connection = nil
    }

    private func attempt(
        _ request: NomadRequest,
        token: String?,
        isolation: isolated (any Actor)? = #isolation
    ) async -> Result<NomadAnswer, DiscoveryFailure> {
        await withCheckedContinuation { continuation in
            let answer = PendingAnswer(continuation)
            pending = answer
            if let connection, connection.isIdle {
                send(request, token: token, on: connection, answer)
            } else {
                connect(request, token: token, answer)
            }
        }
    }

    private func connect(_ request: NomadRequest, token: String?, _ answer: PendingAnswer) {
        connection = nil
        opening().assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel) where answer.isFinished:
                channel.close(promise: nil)
            case .success(let channel):
                do {
                    let connection = try channel.pipeline.syncOperations.handler(type: NomadConnection.self)
                    self.connection = connection
                    self.send(request, token: token, on: connection, answer)
                } catch {
                    answer.finish(.failure(.unreachable("\(self.address): \(error)", agentAbsent: false)))
                }
            case .failure(let error):
                answer.finish(.failure(self.failure(of: error)))
            }
        }
    }

    private func send(
        _ request: NomadRequest,
        token: String?,
        on connection: NomadConnection,
        _ answer: PendingAnswer
    ) {
        var headers = HTTPHeaders()
        headers.add(name: "Host", value: address.hostHeader)
        headers.add(name: "User-Agent", value: Self.userAgent)
        headers.add(name: "Accept", value: "application/json")
        if let authorization = address.authorization { headers.add(name: "Authorization", value: authorization) }
        if let token { headers.add(name: "X-Nomad-Token", value: token) }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: request.target, headers: headers)
        connection.send(head, answerWithin: deadlines.answer(to: request)) { answer.finish($0) }
    }

    private func opening() -> EventLoopFuture<any Channel> {
        let deadlines = deadlines
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(TimeAmount(deadlines.connect))
        do {
            switch address.transport {
            case .unix(let path):
                let socket = try UnixSocket.connect(path)
                return bootstrap.channelInitializer { Self.configure($0, deadlines, nil) }.withConnectedSocket(socket)
            case .plain(let host, let port):
                return bootstrap.channelInitializer { Self.configure($0, deadlines, nil) }
                    .connect(host: host, port: Int(port))
            case .secure(let host, let port, let security):
                let context = try security.context()
                // An address is no server name (RFC 6066, section 3): then the certificate must carry the address.
                let name = security.serverName ?? (HostName.isNumeric(host) ? nil : host)
                return bootstrap.channelInitializer { Self.configure($0, deadlines, (context, name)) }
                    .connect(host: host, port: Int(port))
            }
        } catch {
            return loop.makeFailedFuture(error)
        }
    }

    private static func configure(
        _ channel: any Channel,
        _ deadlines: RequestDeadlines,
        _ security: (NIOSSLContext, String?)?
    ) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            if let (context, name) = security {
                try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
            }
            try pipeline.addHTTPClientHandlers()
            try pipeline.addHandler(NomadConnection(deadlines: deadlines))
        }
    }

    private func failure(of error: any Error) -> DiscoveryFailure {
        switch error {
        case let error as SystemError:
            .unreachable("\(address): \(error)", agentAbsent: error.errno == ENOENT || error.errno == ECONNREFUSED)
        case is ChannelError: .timedOut(.connect)
        case let error: .unreachable("\(address): \(error)", agentAbsent: false)
        }
    }
}

/// A continuation that is resumed once, however many ends its request has.
private final class PendingAnswer {
    private var continuation: CheckedContinuation<Result<NomadAnswer, DiscoveryFailure>, Never>?

    init(_ continuation: CheckedContinuation<Result<NomadAnswer, DiscoveryFailure>, Never>) {
        self.continuation = continuation
    }

    var isFinished: Bool { continuation == nil }

    func finish(_ result: Result<NomadAnswer, DiscoveryFailure>) {
        continuation?.resume(returning: result)
        continuation = nil
    }
}
