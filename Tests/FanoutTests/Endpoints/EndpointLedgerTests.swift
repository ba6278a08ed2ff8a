import Reactor
import Testing

@testable import Fanout

/// Whose the numbers of a slot are, when slots go from endpoint to endpoint.
@Suite struct EndpointLedgerTests {
    private let statistics: EndpointStatistics
    private let loads: LoadTable
    private let publication: Publication
    private let registry: EndpointRegistry

    init() throws {
        statistics = try EndpointStatistics(workers: 2, slots: SlotBook.capacity)
        loads = try LoadTable(workers: 2, slots: SlotBook.capacity)
        publication = try Publication(first: EndpointSnapshot(version: 1, services: [nil]), wakeups: [Wakeup()])
        registry = EndpointRegistry(services: 1, publication: publication, loads: loads, statistics: statistics)
    }

    /// Publishes, lets the worker see it, and takes back what is free.
    private func replace(_ numbers: some Sequence<Int>) {
        registry.replace(service: 0, with: numbers.endpoints)
        _ = publication.adopt(worker: 0, held: nil)
        registry.tidy()
    }

    private func observation(_ number: Int) -> EndpointObservation? {
        let address = Endpoint.numbered(number).address
        return registry.observe().endpoints.first { $0.assignment.endpoint.address == address }
    }

    private func traffic(_ number: Int, bytes: UInt64 = 10) throws {
        let slot = try #require(observation(number)).assignment.slot
        for worker in 0..<2 {
            let rows = statistics.rows(of: worker)
            rows.addConnection(to: slot)
            rows.addBytes(bytes, .tx, to: slot)
            rows.addBytes(2 * bytes, .rx, to: slot)
            rows.addFailure(.refused, to: slot)
            rows.addFailure(.other, to: slot)
        }
    }

    private static func counts(_ times: UInt64, bytes: UInt64 = 10) -> EndpointCounts {
        EndpointCounts(
            connections: 2 * times,
            txBytes: 2 * times * bytes,
            rxBytes: 4 * times * bytes,
            failures: [2 * times, 0, 0, 2 * times]
        )
    }

    @Test func workersAddUp() throws {
        replace([1, 2])
        try traffic(1)
        #expect(observation(1)?.counts == Self.counts(1))
        #expect(observation(2)?.counts == EndpointCounts())
    }

    @Test func aSlotsNextOwnerBeginsAtNothing() throws {
        replace([1])
        let slot = try #require(observation(1)).assignment.slot
        try traffic(1)
        replace([])
        #expect(observation(1) == nil)
        replace([2])
        #expect(observation(2)?.assignment.slot == slot)
        #expect(observation(2)?.counts == EndpointCounts())
        try traffic(2, bytes: 7)
        #expect(observation(2)?.counts == Self.counts(1, bytes: 7))
    }

    /// Nor does it inherit what is usual.
    @Test func aSlotsNextOwnerHasNoTimesYet() throws {
        replace([1])
        let slot = try #require(observation(1)).assignment.slot
        loads.outcomes.noteTime(.connect, microseconds: 20, slot: slot)
        loads.outcomes.noteTime(.firstByte, microseconds: 300, slot: slot)
        #expect(observation(1)?.connectMicroseconds == 20)
        #expect(observation(1)?.firstByteMicroseconds == 300)
        replace([])
        replace([2])
        #expect(observation(2)?.assignment.slot == slot)
        #expect(observation(2)?.connectMicroseconds == 0)
        #expect(observation(2)?.firstByteMicroseconds == 0)
    }

    @Test func oneThatLeavesWithSessionsAndComesBackKeepsItsNumbers() throws {
        replace([1, 2])
        try traffic(1)
        let slot = try #require(observation(1)).assignment.slot
        loads.increment(worker: 0, slot: slot)
        replace([2])
        let leaving = try #require(observation(1))
        #expect(leaving.isLeaving && leaving.connections == 1)
        #expect(leaving.counts == Self.counts(1))
        replace([1, 2])
        try traffic(1)
        #expect(observation(1)?.counts == Self.counts(2))
        #expect(observation(1)?.isLeaving == false)
    }

    /// Metrics name so many; who has no name keeps none, so that no number ever falls.
    @Test func namesAreFewAndStay() throws {
        let most = EndpointLedger.mostNamed
        replace(0..<(most + 20))
        #expect(registry.observe().endpoints.count { $0.account.isNamed } == most)
        let unnamed = most + 5
        #expect(observation(unnamed)?.account.isNamed == false)
        try traffic(unnamed)
        // A name becomes free; the next to come gets it.
        replace(1..<(most + 20))
        replace(1..<(most + 21))
        #expect(observation(unnamed)?.account.isNamed == false)
        #expect(observation(most + 20)?.account.isNamed == true)
        // The unnamed one goes, and its numbers stay in the sum.
        replace((1..<(most + 21)).filter { $0 != unnamed })
        #expect(observation(unnamed) == nil)
        #expect(registry.observe().unnamedBefore[0] == Self.counts(1))
    }
}
