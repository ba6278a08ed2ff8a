import Reactor

/// One process that serves a service, as discovery found it.
struct Endpoint: Hashable, Sendable {
    /// Where to connect.
    let address: SocketAddress
    /// `host:port` as it was registered; differs from the address for host names.
    let name: String
    /// The Nomad allocation, empty for fixed endpoints.
    let allocationID: String
}
