import Reactor

/// The last known good endpoints of each service, as they are written to the state file.
struct SavedState: Equatable, Sendable, Codable {
    /// Grows when an older Fanout could not read it right.
    static let currentVersion = 1

    /// What a service is called in Nomad.
    struct Name: Hashable, Sendable, Codable {
        let service: String
        let namespace: String
        /// Nil for the agent's own.
        let region: String?
    }

    struct Service: Equatable, Sendable, Codable {
        let name: Name
        /// When discovery has found them, in seconds since 1970.
        let learned: UInt64
        let endpoints: [SavedEndpoint]
    }

    let version: Int
    /// Seconds since 1970.
    let written: UInt64
    let services: [Service]
}

extension SavedState {
    /// Services of other processes that are kept, those learned last.
    static let mostOfOthers = 100

    /// What a file is to hold: of what this process has learned that alone, then what the file holds, then what it held at
    /// the start.
    ///
    /// Services are never forgotten because another process does not know them: several may keep to one file.
    static func merge(
        learned: [Name: Service],
        found: [Service],
        remembered: [Name: Service]
    ) -> [Service] {
        let own = remembered.merging(learned) { $1 }
        let others = found.filter { own[$0.name] == nil }.sorted { $0.learned > $1.learned }.prefix(mostOfOthers)
        let newer = found.filter { learned[$0.name] == nil && own[$0.name] != nil }
        return Array(own.merging(newer.map { ($0.name, $0) }) { $1 }.values) + others
    }
}

/// An endpoint as text and numbers.
struct SavedEndpoint: Equatable, Sendable, Codable {
    let host: String
    let port: UInt16
    let name: String
    let allocation: String
    let node: String
    let datacenter: String
    let tags: [String]
    let createIndex: UInt64

    /// Nil for an address that is none of a TCP endpoint.
    init?(_ endpoint: Endpoint) {
        guard let place = try? HostPort(parsing: endpoint.address.description) else { return nil }
        (host, port) = (place.host, place.port)
        name = endpoint.name
        allocation = endpoint.allocationID
        node = endpoint.nodeID
        datacenter = endpoint.datacenter
        tags = endpoint.tags
        createIndex = endpoint.createIndex
    }

    /// Nil if the host is not numeric or the port is 0.
    var endpoint: Endpoint? {
        guard port > 0, let address = SocketAddress(numericHost: host, port: port) else { return nil }
        return Endpoint(
            address: address,
            name: name,
            allocationID: allocation,
            nodeID: node,
            datacenter: datacenter,
            tags: tags,
            createIndex: createIndex
        )
    }
}
