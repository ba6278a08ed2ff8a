import Reactor
import Testing

@testable import Fanout

@Suite struct StateFormatTests {
    static let state = SavedState(
        version: SavedState.currentVersion,
        written: 1_790_000_000,
        services: [
            SavedState.Service(
                name: .init(service: "redis", namespace: "default", region: "global"),
                learned: 1_789_999_990,
                endpoints: [
                    Endpoint.numbered(1, allocationID: "2873cf75"), Endpoint.numbered(2, name: "weiß\"\\\n/"),
                ].compactMap(SavedEndpoint.init)
            ),
            SavedState.Service(name: .init(service: "empty", namespace: "a", region: nil), learned: 0, endpoints: []),
        ]
    )

    @Test func whatWasWrittenIsRead() throws {
        let bytes = try StateFormat.encode(Self.state)
        #expect(try StateFormat.decode(bytes) == Self.state)
        #expect(Self.state.services[0].endpoints.count == 2)
        // The same state is the same file.
        #expect(try StateFormat.encode(Self.state) == bytes)
    }

    @Test func anEndpointComesBackWhole() throws {
        var endpoint = Endpoint.numbered(7, name: "db.internal:5432", allocationID: "2873cf75")
        endpoint.nodeID = "node"
        endpoint.datacenter = "dc1"
        endpoint.tags = ["fanout.weight=3", ""]
        endpoint.createIndex = .max
        #expect(SavedEndpoint(endpoint)?.endpoint == endpoint)
        let address = try #require(SocketAddress(numericHost: "fd00::1", port: 65_535))
        let ipv6 = Endpoint(address: address, name: "[fd00::1]:65535")
        #expect(SavedEndpoint(ipv6)?.endpoint == ipv6)
    }

    @Test func theChecksumIsTheOneOfZlib() {
        #expect(CRC32.of(Array("123456789".utf8)) == 0xCBF4_3926)
        #expect(CRC32.of([]) == 0)
    }

    /// Whatever happens to one byte is seen; so is every file that ends early.
    @Test func damageIsSeen() throws {
        let bytes = try StateFormat.encode(Self.state)
        for index in bytes.indices {
            for change in [1, 0x80, 0x20] as [UInt8] {
                var damaged = bytes
                damaged[index] ^= change
                #expect(throws: StateFormat.Damage.self, "byte \(index)") { try StateFormat.decode(damaged) }
            }
            #expect(throws: StateFormat.Damage.self) { try StateFormat.decode(Array(bytes.prefix(index))) }
        }
        #expect(throws: StateFormat.Damage.self) { try StateFormat.decode(bytes + [10]) }
    }

    @Test(arguments: ["", "{}\n", "[]", #"{"crc32":"00000000","state":}"# + "\n", "#!/bin/sh\n", "\0\0\0\0"])
    func whatIsNotOursIsNotUsed(text: String) {
        #expect(throws: StateFormat.Damage.self) { try StateFormat.decode(Array(text.utf8)) }
    }

    @Test func anotherVersionIsNotUsed() throws {
        let later = SavedState(version: 2, written: 0, services: [])
        #expect(throws: StateFormat.Damage.version(2)) { try StateFormat.decode(try StateFormat.encode(later)) }
    }
}
