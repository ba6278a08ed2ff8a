import Reactor

/// What makes an endpoint the same one: an address, under one service.
struct EndpointKey: Hashable, Sendable {
    let service: Int
    let address: SocketAddress
}

/// An endpoint and the slot that counts its connections.
struct EndpointAssignment: Sendable {
    let endpoint: Endpoint
    let service: Int
    let slot: UInt32
    /// Of this endpoint as it was described this time: never that of another.
    let identity: UInt64
    let traits: EndpointTraits

    var key: EndpointKey { EndpointKey(service: service, address: endpoint.address) }
}

/// An endpoint as it is now, with what is counted on it: for logs, metrics and the admin endpoint.
struct EndpointObservation: Sendable {
    let assignment: EndpointAssignment
    let name: EndpointHealth.Name
    /// Whether new connections go to it before others.
    let isPreferred: Bool
    /// Nil where it has left and is forgotten.
    let health: EndpointHealth?
    let account: EndpointLedger.Account
    let counts: EndpointCounts
    let connections: UInt32
    /// What a connect and the first byte usually take, in microseconds; 0 for what is not known.
    let connectMicroseconds: UInt32
    let firstByteMicroseconds: UInt32

    /// It has left, and has sessions.
    var isLeaving: Bool { name == .removed }
}
