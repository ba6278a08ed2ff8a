import Reactor

/// One process that serves a service, as discovery found it: an address that can be connected to.
struct Endpoint: Hashable, Sendable {
    let address: SocketAddress
    /// Host and port as they are registered or given; differs from the address for host names.
    let name: String
    /// The Nomad allocation; empty, as the next two, for an endpoint that the operator gave.
    var allocationID = ""
    var nodeID = ""
    var datacenter = ""
    var tags: [String] = []
    /// Grows with each registration of the region; 0 for an endpoint that the operator gave.
    var createIndex: UInt64 = 0

    /// What the tags say; reads them each time.
    var traits: EndpointTraits { EndpointTraits(tags: tags) }
}
