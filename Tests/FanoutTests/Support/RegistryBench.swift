import Reactor
import Testing

@testable import Fanout

/// A registry and one worker that reads what it publishes.
final class RegistryBench {
    let loads: LoadTable
    let statistics: EndpointStatistics
    let publication: Publication
    let registry: EndpointRegistry
    private var held: EndpointSnapshot

    init(services: Int = 1, policy: EndpointRegistry.Policy = .init()) throws {
        loads = try LoadTable(workers: 2, slots: SlotBook.capacity)
        statistics = try EndpointStatistics(workers: 2, slots: SlotBook.capacity)
        let nothing = EndpointSnapshot(version: 1, services: (0..<services).map { _ in nil })
        publication = try Publication(first: nothing, wakeups: [Wakeup()])
        registry = EndpointRegistry(
            services: services,
            publication: publication,
            loads: loads,
            statistics: statistics,
            policy: policy
        )
        held = publication.adopt(worker: 0, held: nil)
    }

    /// What the worker sees after its next turn.
    func rows(of service: Int = 0) -> [(slot: UInt32, address: SocketAddress, identity: UInt64)] {
        turn()
        return held.rows(of: service)
    }

    func set() -> EndpointSet {
        turn()
        return held.endpoints(of: 0)
    }

    func version() -> UInt64 {
        turn()
        return held.version
    }

    func turn() { held = publication.adopt(worker: 0, held: held) }

    func isKnown(_ service: Int) -> Bool {
        turn()
        return held.endpoints(of: service).isKnown
    }

    func slot(of number: Int, service: Int = 0) throws -> UInt32 {
        let address = Endpoint.numbered(number).address
        return try #require(rows(of: service).first { $0.address == address }).slot
    }
}
