import Reactor

@testable import Fanout

extension Endpoint {
    /// The `number`th of 16 million different endpoints.
    static func numbered(_ number: Int, name: String? = nil, allocationID: String = "") -> Endpoint {
        let bytes = [10, UInt8(number >> 16 & 0xFF), UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)]
        let address = SocketAddress(ipv4: bytes, port: 80)
        return Endpoint(address: address, name: name ?? address.description, allocationID: allocationID)
    }
}

extension Sequence where Element == Int {
    var endpoints: [Endpoint] { map { .numbered($0) } }
}

extension EndpointSnapshot {
    /// One service with endpoints 0, 1, 2 and so on, in these slots.
    static func of(slots: [UInt32], version: UInt64 = 1) -> EndpointSnapshot {
        let rows = slots.enumerated().map { index, slot in
            Row(slot: slot, address: Endpoint.numbered(index).address, identity: UInt64(index) + 1)
        }
        return EndpointSnapshot(version: version, services: [rows])
    }

    /// The rows of one service.
    func rows(of service: Int) -> [(slot: UInt32, address: SocketAddress, identity: UInt64)] {
        let set = endpoints(of: service)
        return (0..<set.count).map { unsafe (set.slots[$0], set.addresses[$0], set.identities[$0]) }
    }
}
