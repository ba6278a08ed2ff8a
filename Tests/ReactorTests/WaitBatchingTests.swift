import Testing

@testable import Reactor

/// How many completions a turn waits for.
@Suite struct WaitBatchingTests {
    private static func target(after turns: [Int]) -> UInt32 {
        var batching = WaitBatching()
        for completions in turns { batching.record(completions) }
        return batching.target
    }

    @Test func aFreshOneWaitsForOne() {
        #expect(WaitBatching().target == 1)
    }

    @Test(arguments: [0, 1, 2, WaitBatching.threshold - 1])
    func fewResultsATurnAreNotWaitedFor(completions: Int) {
        #expect(Self.target(after: Array(repeating: completions, count: 1_000)) == 1)
    }

    /// It never waits for as many as usually come: that would be for ever.
    @Test(arguments: [WaitBatching.threshold + 8, 128, 1_000, 100_000])
    func halfOfWhatTurnsBringIsWaitedFor(completions: Int) {
        let target = Int(Self.target(after: Array(repeating: completions, count: 1_000)))
        #expect(target > completions * 2 / 5 && target <= completions / 2)
    }

    /// A single crowded turn is no load.
    @Test func oneTurnDoesNotMakeALoad() {
        #expect(Self.target(after: Array(repeating: 1, count: 100) + [WaitBatching.threshold * 4]) == 1)
    }

    /// When the load has gone, the next few turns find back.
    @Test func quietTurnsEndIt() {
        var batching = WaitBatching()
        for _ in 0..<100 { batching.record(500) }
        var turns = 0
        while batching.target > 1 {
            batching.record(1)
            turns += 1
        }
        #expect(turns > 1 && turns < 30)
    }

    @Test func theLargestTurnsDoNotOverflow() {
        #expect(Self.target(after: Array(repeating: Int(UInt32.max), count: 100)) > 1)
    }
}
