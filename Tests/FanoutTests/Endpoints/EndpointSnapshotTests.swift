import Reactor
import Testing

@testable import Fanout

@Suite struct EndpointSnapshotTests {
    @Test func everyServiceHasItsOwnRows() {
        let rows = (0..<5).map {
            let address = Endpoint.numbered($0).address
            return EndpointSnapshot.Row(slot: UInt32($0) + 100, address: address, identity: UInt64($0) + 9)
        }
        let snapshot = EndpointSnapshot(version: 12, services: [Array(rows[0..<2]), nil, [], Array(rows[2..<5])])
        defer { snapshot.free() }
        #expect(snapshot.version == 12)
        #expect((0..<4).map { snapshot.endpoints(of: $0).isKnown } == [true, false, true, true])
        #expect((0..<4).map { snapshot.endpoints(of: $0).count } == [2, 0, 0, 3])
        #expect(snapshot.rows(of: 0).map(\.slot) == [100, 101])
        #expect(snapshot.rows(of: 3).map(\.slot) == [102, 103, 104])
        #expect(snapshot.rows(of: 3).map(\.identity) == [11, 12, 13])
        #expect(snapshot.rows(of: 3).map(\.address) == (2..<5).endpoints.map(\.address))
    }

    @Test func aSnapshotIsFoundAgainByItsBits() {
        let snapshot = EndpointSnapshot.of(slots: [4, 5], version: 3)
        defer { snapshot.free() }
        let same = EndpointSnapshot(bits: snapshot.bits)
        #expect(same.version == 3)
        #expect(same.rows(of: 0).map(\.slot) == [4, 5])
    }

    @Test func rowsOfDifferentSizesAreAligned() {
        for count in 0..<20 {
            let snapshot = EndpointSnapshot.of(slots: (0..<UInt32(count)).map { $0 * 3 }, version: UInt64(count))
            defer { snapshot.free() }
            let rows = snapshot.rows(of: 0)
            #expect(rows.map(\.slot) == (0..<UInt32(count)).map { $0 * 3 })
            #expect(rows.map(\.address) == (0..<count).endpoints.map(\.address))
            #expect(rows.map(\.identity) == (0..<UInt64(count)).map { $0 + 1 })
        }
    }
}
