import Reactor

/// One sidecar: the product's tables, registry and balancer, with one worker.
final class Sidecar {
    let loads: LoadTable
    let registry: EndpointRegistry
    private let publication: Publication
    private var balancer: Balancer
    var connectTimes = ConnectTimes()
    private(set) var snapshot: EndpointSnapshot
    /// When the registry looks next, as far as is planned.
    var lookAt = UInt64.max
    /// The least part of the endpoints that were in the first tier at any time.
    private(set) var leastUsable = 1.0

    /// - Parameter wakeup: any; nobody sleeps.
    init(_ variant: Variant, slots: Int, seed: UInt64, wakeup: Wakeup) throws {
        loads = try LoadTable(workers: 1, slots: slots)
        snapshot = EndpointSnapshot(version: 1, services: [nil])
        publication = try Publication(first: snapshot, wakeups: [wakeup])
        let policy = EndpointRegistry.Policy(slowStart: variant.hasSlowStart ? 10_000_000_000 : 0, seed: seed)
        registry = EndpointRegistry(
            services: 1,
            publication: publication,
            loads: loads,
            statistics: try EndpointStatistics(workers: 1, slots: slots),
            policy: policy
        )
        balancer = Balancer(policy: variant.policy, seed: seed)
    }

    var endpoints: EndpointSet { snapshot.endpoints(of: 0) }

    /// Takes up what the registry has published.
    func adopt() {
        snapshot = publication.adopt(worker: 0, held: snapshot)
        let set = endpoints
        if set.count > 0 { leastUsable = min(leastUsable, Double(set.preferred) / Double(set.count)) }
    }

    func choose(excluding tried: TriedEndpoints) -> (slot: UInt32, site: Int)? {
        let set = endpoints
        guard let row = balancer.choose(from: set, excluding: tried, loads: loads) else { return nil }
        return unsafe (set.slots[row], Int(set.addresses[row].port) - Site.firstPort)
    }
}
