import Reactor

/// An endpoint as it really is, which no sidecar can see.
struct Site {
    static let firstPort = 1_000

    var behaviour: Behaviour
    /// Connections of all sidecars.
    var load = 0
    /// Connections that have come about in the present window.
    var begun = 0
    /// Whether it came with the last ``Phase/Change/join(_:)``.
    var isNewcomer = false

    static func endpoint(_ index: Int) -> Endpoint {
        let port = UInt16(firstPort + index)
        return Endpoint(address: SocketAddress(ipv4: [10, 0, 0, 1], port: port), name: "10.0.0.1:\(port)")
    }
}
