import Reactor
import Testing

@testable import Fanout

@Suite struct EndpointRegistryTests {
    @Test func whatDiscoveryFoundIsPublishedInItsOrder() throws {
        let bench = try RegistryBench(services: 2)
        #expect(!bench.isKnown(0))
        let change = bench.registry.replace(service: 0, with: [3, 1, 2].endpoints)
        #expect(change.total == 3)
        #expect(change.added == [3, 1, 2].endpoints)
        #expect(change.removed.isEmpty)
        #expect(change.unused == 0)
        #expect(bench.rows().map(\.address) == [3, 1, 2].endpoints.map(\.address))
        #expect(Set(bench.rows().map(\.slot)).count == 3)
        #expect(Set(bench.rows().map(\.identity)).count == 3)
        #expect(bench.isKnown(0))
        #expect(!bench.isKnown(1))
        bench.registry.replace(service: 1, with: [])
        #expect(bench.isKnown(1))
        #expect(bench.rows(of: 0).count == 3)
    }

    @Test func anEndpointKeepsItsSlotForAsLongAsItStays() throws {
        let bench = try RegistryBench()
        bench.registry.replace(service: 0, with: [1, 2, 3].endpoints)
        let before = bench.rows()
        for round in 4..<40 {
            bench.registry.replace(service: 0, with: [round, 2, round + 100].endpoints)
            bench.registry.tidy()
            #expect(try bench.slot(of: 2) == before[1].slot)
            #expect(bench.rows().first { $0.slot == before[1].slot }?.identity == before[1].identity)
        }
    }

    @Test func whatChangedIsTold() throws {
        let bench = try RegistryBench()
        bench.registry.replace(service: 0, with: [1, 2, 3].endpoints)
        let change = bench.registry.replace(service: 0, with: [3, 4].endpoints)
        #expect(change.added == [4].endpoints)
        #expect(change.removed == [1, 2].endpoints)
        #expect(change.total == 2)
        let same = bench.registry.replace(service: 0, with: [4, 3].endpoints)
        #expect(same.added.isEmpty)
        #expect(same.removed.isEmpty)
    }

    @Test func equalAddressesAreOneEndpointAndTheFirstCounts() throws {
        let bench = try RegistryBench()
        let change = bench.registry.replace(
            service: 0,
            with: [.numbered(1, name: "first"), .numbered(2), .numbered(1, name: "second")]
        )
        #expect(change.total == 2)
        #expect(change.unused == 0)
        let rows = bench.rows()
        #expect(rows.map(\.address) == [1, 2].endpoints.map(\.address))
        #expect(bench.registry.assignment(of: rows[0].identity)?.endpoint.name == "first")
    }

    @Test func twoServicesWithOneAddressCountApart() throws {
        let bench = try RegistryBench(services: 2)
        bench.registry.replace(service: 0, with: [1].endpoints)
        bench.registry.replace(service: 1, with: [1].endpoints)
        let one = try #require(bench.rows(of: 0).first)
        let two = try #require(bench.rows(of: 1).first)
        #expect(one.address == two.address)
        #expect(one.slot != two.slot)
        #expect(bench.registry.assignment(of: one.identity)?.service == 0)
        #expect(bench.registry.assignment(of: two.identity)?.service == 1)
        bench.registry.replace(service: 0, with: [])
        #expect(bench.rows(of: 1).map(\.slot) == [two.slot])
    }

    // MARK: Slots

    @Test func aSlotIsNotGivenAwayWhileASessionCountsOnIt() throws {
        let bench = try RegistryBench()
        bench.registry.replace(service: 0, with: [1].endpoints)
        let slot = try bench.slot(of: 1)
        bench.loads.increment(worker: 1, slot: slot)
        for round in 2..<200 {
            bench.registry.replace(service: 0, with: [round].endpoints)
            #expect(try bench.slot(of: round) != slot, "a new endpoint begins with somebody else's connections")
            bench.registry.tidy()
        }
        #expect(bench.registry.needsTidying)

        bench.loads.decrement(worker: 1, slot: slot)
        bench.turn()
        bench.registry.tidy()
        bench.registry.replace(service: 0, with: (1_000..<1_100).endpoints)
        #expect(bench.rows().contains { $0.slot == slot }, "the slot has not come back")
    }

    @Test func aSlotIsNotGivenAwayWhileAWorkerMayStillChooseIt() throws {
        let bench = try RegistryBench()
        bench.registry.replace(service: 0, with: [1].endpoints)
        let slot = try bench.slot(of: 1)
        // The worker does not turn: it still has the old snapshot, and may choose from it.
        bench.registry.replace(service: 0, with: [2].endpoints)
        bench.registry.tidy()
        bench.registry.replace(service: 0, with: [2, 3, 4].endpoints)
        bench.registry.tidy()
        #expect(!bench.rows().contains { $0.slot == slot })
        #expect(bench.registry.needsTidying)
        bench.registry.tidy()
        #expect(!bench.registry.needsTidying)
        bench.registry.replace(service: 0, with: [2, 3, 4, 5].endpoints)
        #expect(try bench.slot(of: 5) == slot)
    }

    @Test func anEndpointThatReturnsGetsItsSlotAndItsCountBack() throws {
        let bench = try RegistryBench()
        bench.registry.replace(service: 0, with: [1, 2].endpoints)
        let before = try #require(bench.rows().first)
        bench.loads.increment(worker: 0, slot: before.slot)
        bench.registry.replace(service: 0, with: [2].endpoints)
        bench.turn()
        bench.registry.tidy()
        bench.registry.replace(service: 0, with: [1, 2].endpoints)
        let after = try #require(bench.rows().first)
        #expect(after.slot == before.slot)
        #expect(bench.loads.load(of: after.slot) == 1)
        #expect(!bench.registry.needsTidying)
        // A count that ends now must not free the slot of an endpoint that is in use.
        bench.loads.decrement(worker: 0, slot: before.slot)
        bench.registry.tidy()
        bench.registry.replace(service: 0, with: [1, 2, 3].endpoints)
        #expect(try bench.slot(of: 3) != before.slot)
    }

    @Test func slotsAreUsedAgainForEver() throws {
        let bench = try RegistryBench()
        for round in 0..<3_000 {
            bench.registry.replace(service: 0, with: [2 * round, 2 * round + 1].endpoints)
            #expect(bench.rows().allSatisfy { $0.slot < 10 }, "slots leak: round \(round)")
            bench.registry.tidy()
        }
    }

    /// Random changes and sessions: live endpoints never share a slot, nor take one with foreign connections.
    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func noSlotIsSharedWhateverHappens(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bench = try RegistryBench(services: 2)
        var owners: [UInt32: (service: Int, address: SocketAddress)] = [:]
        var sessions: [UInt32] = []
        for _ in 0..<400 {
            let service = Int.random(in: 0..<2, using: &random)
            switch Int.random(in: 0..<5, using: &random) {
            case 0, 1:
                let wanted = (0..<12).filter { _ in Bool.random(using: &random) }
                bench.registry.replace(service: service, with: wanted.endpoints)
            case 2:
                bench.registry.tidy()
            case 3:
                // The worker holds an old snapshot most of the time, and chooses from that.
                if let row = bench.rows(of: service).randomElement(using: &random) {
                    bench.loads.increment(worker: 0, slot: row.slot)
                    sessions.append(row.slot)
                    let owner = owners[row.slot]
                    if sessions.filter({ $0 == row.slot }).count > 1 {
                        #expect(owner?.service == service && owner?.address == row.address, "seed \(seed)")
                    }
                    owners[row.slot] = (service, row.address)
                }
            case _:
                if !sessions.isEmpty {
                    let index = Int.random(in: 0..<sessions.count, using: &random)
                    bench.loads.decrement(worker: 0, slot: sessions.remove(at: index))
                }
            }
            let slots = bench.registry.observe().endpoints.map(\.assignment.slot)
            #expect(Set(slots).count == slots.count, "seed \(seed)")
        }
        for slot in sessions { bench.loads.decrement(worker: 0, slot: slot) }
        for service in 0..<2 { bench.registry.replace(service: service, with: []) }
        bench.turn()
        bench.registry.tidy()
        #expect(bench.registry.observe().endpoints.isEmpty)
        #expect(!bench.registry.needsTidying)
    }

    // MARK: Names

    @Test func anEndpointThatHasLeftIsStillNamed() throws {
        let bench = try RegistryBench()
        bench.registry.replace(service: 0, with: [.numbered(1, name: "one", allocationID: "a1")])
        let identity = try #require(bench.rows().first).identity
        bench.registry.replace(service: 0, with: [])
        bench.turn()
        bench.registry.tidy()
        #expect(bench.registry.observe().endpoints.isEmpty)
        #expect(bench.registry.assignment(of: identity)?.endpoint.allocationID == "a1")
        #expect(bench.registry.assignment(of: 0) == nil)
        #expect(bench.registry.assignment(of: identity + 1) == nil)
    }

    @Test func aReplacedAllocationAtTheSameAddressHasItsOwnName() throws {
        let bench = try RegistryBench()
        bench.registry.replace(service: 0, with: [.numbered(1, allocationID: "old")])
        let old = try #require(bench.rows().first)
        bench.registry.replace(service: 0, with: [.numbered(1, allocationID: "new")])
        let new = try #require(bench.rows().first)
        #expect(new.slot == old.slot)
        #expect(new.identity != old.identity)
        #expect(bench.registry.assignment(of: old.identity)?.endpoint.allocationID == "old")
        #expect(bench.registry.assignment(of: new.identity)?.endpoint.allocationID == "new")
    }

    @Test func onlySoManyFormerNamesAreKept() throws {
        let bench = try RegistryBench()
        bench.registry.replace(service: 0, with: [.numbered(1, allocationID: "0")])
        let first = try #require(bench.rows().first).identity
        for round in 1...SlotBook.keptNames {
            bench.registry.replace(service: 0, with: [.numbered(1, allocationID: "\(round)")])
            bench.turn()
        }
        #expect(bench.registry.assignment(of: first) != nil)
        bench.registry.replace(service: 0, with: [.numbered(1, allocationID: "last")])
        #expect(bench.registry.assignment(of: first) == nil)
        let last = try #require(bench.rows().first).identity
        #expect(bench.registry.assignment(of: last)?.endpoint.allocationID == "last")
    }

    @Test func theStateDumpShowsWhoIsLeaving() throws {
        let bench = try RegistryBench()
        bench.registry.replace(service: 0, with: [1, 2].endpoints)
        bench.loads.increment(worker: 0, slot: try bench.slot(of: 1))
        bench.loads.increment(worker: 1, slot: try bench.slot(of: 1))
        bench.registry.replace(service: 0, with: [2].endpoints)
        let lines = bench.registry.observe().endpoints
        #expect(lines.map(\.assignment.endpoint) == [2, 1].endpoints)
        #expect(lines.map(\.connections) == [0, 2])
        #expect(lines.map(\.name) == [.ready, .removed])
    }

    // MARK: Limits

    @Test func whatIsBeyondTheMostEndpointsIsNotUsed() throws {
        let bench = try RegistryBench()
        let most = EndpointRegistry.mostEndpoints
        let change = bench.registry.replace(service: 0, with: (0..<most + 25).endpoints)
        #expect(change.total == most)
        #expect(change.unused == 25)
        let rows = bench.rows()
        #expect(rows.count == most)
        #expect(Set(rows.map(\.slot)).count == most)
        #expect(rows.last?.address == Endpoint.numbered(most - 1).address)
    }

    /// More endpoints than slots: the rest waits, and is used as soon as there is room.
    @Test func endpointsThatFoundNoSlotGetOneLater() throws {
        let bench = try RegistryBench(services: 4)
        for service in 0..<3 {
            bench.registry.replace(service: service, with: (0..<EndpointRegistry.mostEndpoints).endpoints)
        }
        let left = SlotBook.capacity - 3 * EndpointRegistry.mostEndpoints
        let change = bench.registry.replace(service: 3, with: (0..<left + 10).endpoints)
        #expect(change.unused == 10)
        #expect(bench.rows(of: 3).count == left)
        bench.registry.replace(service: 0, with: [])
        bench.turn()
        bench.registry.tidy()
        bench.registry.tidy()
        #expect(bench.rows(of: 3).count == left + 10, "room was made, and nobody has moved in")
    }

    @Test func aStuckWorkerHoldsThePublisherBackAndLosesNothing() throws {
        let bench = try RegistryBench()
        // The worker does not turn for longer than may be retired.
        let last = Publication.longestRetirement + 20
        for round in 1...last { bench.registry.replace(service: 0, with: [round].endpoints) }
        #expect(bench.registry.needsTidying)
        let seen = bench.rows()
        #expect(seen.count == 1)
        #expect(seen.first?.address != Endpoint.numbered(last).address)
        bench.registry.tidy()
        let newest = bench.rows()
        #expect(newest.map(\.address) == [last].endpoints.map(\.address))
        bench.registry.tidy()
        #expect(!bench.registry.needsTidying)
    }
}
