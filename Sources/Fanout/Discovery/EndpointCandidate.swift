import Reactor

/// An endpoint before its host is resolved.
struct EndpointCandidate: Hashable, Sendable {
    let place: HostPort
    var allocationID = ""
    var nodeID = ""
    var datacenter = ""
    var tags: [String] = []
    var createIndex: UInt64 = 0

    init(_ place: HostPort) { self.place = place }

    /// Nil if the port is none; ``UsableRegistrations`` holds no such row.
    init?(_ registration: ServiceRegistration) {
        guard let port = UInt16(exactly: registration.port) else { return nil }
        place = HostPort(host: registration.address, port: port)
        allocationID = registration.allocationID
        nodeID = registration.nodeID
        datacenter = registration.datacenter
        tags = registration.tags
        createIndex = registration.createIndex
    }

    func resolved(to address: SocketAddress) -> Endpoint {
        Endpoint(
            address: address.with(port: place.port),
            name: place.description,
            allocationID: allocationID,
            nodeID: nodeID,
            datacenter: datacenter,
            tags: tags,
            createIndex: createIndex
        )
    }
}
