import Reactor
import Testing

@testable import Fanout

@Suite struct RemovalTableTests {
    @Test func theRegistryTellsWhatLeavesAndWhatComesBack() throws {
        let loads = try LoadTable(workers: 1, slots: SlotBook.capacity)
        let removals = try RemovalTable(slots: SlotBook.capacity)
        let publication = try Publication(first: EndpointSnapshot(version: 1, services: [nil]), wakeups: [Wakeup()])
        let registry = EndpointRegistry(
            services: 1,
            publication: publication,
            loads: loads,
            statistics: try EndpointStatistics(workers: 1, slots: SlotBook.capacity),
            removals: removals
        )
        var held = publication.adopt(worker: 0, held: nil)
        func slot(of number: Int) throws -> UInt32 {
            held = publication.adopt(worker: 0, held: held)
            return try #require(held.rows(of: 0).first { $0.address == Endpoint.numbered(number).address }).slot
        }

        registry.replace(service: 0, with: [1, 2].endpoints)
        let (first, second) = (try slot(of: 1), try slot(of: 2))
        #expect(removals.removal(of: first) == nil)
        loads.increment(worker: 0, slot: first)
        let before = Deadline.now()
        registry.replace(service: 0, with: [2].endpoints)
        let removed = try #require(removals.removal(of: first))
        #expect(removed >= before && removed <= .now())
        #expect(removals.removal(of: second) == nil)

        registry.replace(service: 0, with: [1, 2].endpoints)
        #expect(try slot(of: 1) == first)
        #expect(removals.removal(of: first) == nil)

        // Once nobody counts on it, the slot is another's.
        registry.replace(service: 0, with: [2].endpoints)
        #expect(removals.removal(of: first) != nil)
        loads.decrement(worker: 0, slot: first)
        _ = try slot(of: 2)
        registry.replace(service: 0, with: [2, 3].endpoints)
        #expect(try slot(of: 3) == first)
        #expect(removals.removal(of: first) == nil)
    }
}
