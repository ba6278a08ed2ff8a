import Logging
import Reactor

struct DiscoverySettings: Sendable { init(_ c: Configuration, environment: [String: String]) throws {} }
final class Discovery {
    let services: [ServiceSource]
    let sink: @Sendable (Int, [Endpoint]) -> Void
    init(
        services: [ServiceSource],
        settings: DiscoverySettings,
        logger: Logger,
        sink: @escaping @Sendable (Int, [Endpoint]) -> Void
    ) {
        self.services = services
        self.sink = sink
    }
    func start() throws {
        for (i, s) in services.enumerated() {
            if case .fixed(let l) = s {
                sink(
                    i,
                    l.compactMap { h in
                        SocketAddress(numericHost: h.host, port: h.port).map {
                            Endpoint(address: $0, name: h.description, allocationID: "")
                        }
                    }
                )
            }
        }
    }
    func refresh() {}
    func stop() {}
}
