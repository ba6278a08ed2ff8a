import Glibc
import NIOCore
import NIOPosix
import Reactor

/// Connects to every endpoint now and then and tells the registry what came of it (`--check-interval`).
///
/// A thread of its own that waits for a round to end, and then for the next; it ends with the process.
final class HealthChecker: Sendable {
    /// Connects that are under way at once.
    private static let mostAtOnce = 16

    private let registry: EndpointRegistry
    private let interval: UInt64
    private let timeout: UInt64
    private let events: Wakeup
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// - Parameters:
    ///   - interval: from the begin of one round to that of the next, in nanoseconds.
    ///   - timeout: of one connect, in nanoseconds.
    ///   - events: rung when results are there.
    init(registry: EndpointRegistry, interval: UInt64, timeout: UInt64, events: Wakeup) {
        self.registry = registry
        self.interval = interval
        self.timeout = timeout
        self.events = events
    }

    func start() throws(SystemError) {
        _ = try Thread(name: "health-check") { self.run() }
    }

    private func run() {
        while true {
            let began = Deadline.now()
            let targets = registry.observe().endpoints.filter { $0.name != .removed && $0.name != .draining }
                .map { (service: $0.assignment.service, address: $0.assignment.endpoint.address) }
            for start in stride(from: 0, to: targets.count, by: Self.mostAtOnce) {
                check(targets[start..<min(start + Self.mostAtOnce, targets.count)])
            }
            // Nine to eleven tenths: a thousand sidecars that start together do not check together for ever.
            let pause = UInt64.random(in: interval / 10 * 9...interval / 10 * 11)
            let taken = Deadline.now().since(began)
            if taken < pause { usleep(UInt32(clamping: (pause - taken) / 1_000)) }
        }
    }

    /// Nil where it says nothing of the endpoint: we were short of something ourselves.
    private static func verdict(on result: Result<Void, any Error>) -> Bool? {
        switch result {
        case .success: true
        case .failure(let error as IOError): SystemError.isOwnTrouble(error.errnoCode) ? nil : false
        case .failure(let error as ChannelError):
            if case .connectTimeout = error { false } else { nil }
        case .failure: nil
        }
    }

    private func check(_ targets: ArraySlice<(service: Int, address: Reactor.SocketAddress)>) {
        let loop = group.next()
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(.nanoseconds(Int64(clamping: timeout)))
        let connects = targets.map { target in
            do {
                return try bootstrap.connect(to: NIOCore.SocketAddress(target.address)).flatMap { $0.close() }
            } catch {
                return loop.makeFailedFuture(error)
            }
        }
        guard let results = try? EventLoopFuture.whenAllComplete(connects, on: loop).wait() else { return }
        registry.note(
            checks: zip(targets, results).compactMap { target, result in
                Self.verdict(on: result).map { (target.service, target.address, $0) }
            }
        )
        events.signal()
    }
}

extension NIOCore.SocketAddress {
    /// An IPv4 or IPv6 address as NIO has it.
    fileprivate init(_ address: Reactor.SocketAddress) throws {
        let isIPv4 = address.family == AddressFamily.ipv4
        // Where the address stands in sockaddr_in and sockaddr_in6.
        let range = isIPv4 ? 4..<8 : 8..<24
        let bytes = ByteBuffer(bytes: range.map(address.byte(at:)))
        try self.init(packedIPAddress: bytes, port: Int(address.port))
    }
}
