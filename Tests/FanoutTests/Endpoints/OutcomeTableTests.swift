import Testing

@testable import Fanout

@Suite struct OutcomeTableTests {
    private let loads: LoadTable
    private var outcomes: OutcomeTable { loads.outcomes }

    init() throws { loads = try LoadTable(workers: 1, slots: 3) }

    private func usual(_ time: EndpointTime) -> [UInt32] { (0..<3).map { outcomes.usualTime(time, of: $0) } }

    /// Each slot and each time has a place of its own, and none is an outcome's or the news'.
    @Test func timesStayApart() {
        for slot in UInt32(0)..<3 {
            outcomes.noteTime(.connect, microseconds: 100 + slot, slot: slot)
            outcomes.noteTime(.firstByte, microseconds: 1_000 + slot, slot: slot)
        }
        #expect(usual(.connect) == [100, 101, 102])
        #expect(usual(.firstByte) == [1_000, 1_001, 1_002])
        #expect((0..<3).allSatisfy { outcomes.outcomes(of: $0) == Outcomes() && !outcomes.isTrialLeft(slot: $0) })
        #expect(!outcomes.hasNews)
        outcomes.note(.refused, slot: 2)
        outcomes.offerTrial(slot: 2)
        #expect(usual(.connect) == [100, 101, 102] && usual(.firstByte) == [1_000, 1_001, 1_002])
        outcomes.forgetTimes(slot: 1)
        #expect(usual(.connect) == [100, 0, 102])
        #expect(usual(.firstByte) == [1_000, 0, 1_002])
    }

    @Test func anEighthOfTheWayEachTime() {
        outcomes.noteTime(.firstByte, microseconds: 800, slot: 0)
        outcomes.noteTime(.firstByte, microseconds: 1_600, slot: 0)
        #expect(usual(.firstByte)[0] == 900)
        for _ in 0..<100 { outcomes.noteTime(.firstByte, microseconds: 80, slot: 0) }
        #expect((80..<88).contains(usual(.firstByte)[0]))
        // What took no time at all is known all the same.
        outcomes.noteTime(.connect, microseconds: 0, slot: 0)
        #expect(usual(.connect) == [1, 0, 0])
    }
}
