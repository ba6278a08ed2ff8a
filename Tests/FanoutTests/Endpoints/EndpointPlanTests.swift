import Testing

@testable import Fanout

@Suite struct EndpointPlanTests {
    private typealias Candidate = EndpointPlan.Candidate

    /// The candidates of each tier.
    private func tiers(_ candidates: [Candidate]) -> [UInt8: [Int]] {
        Dictionary(grouping: EndpointPlan(candidates).rows, by: \.tier).mapValues { $0.map(\.candidate) }
    }

    @Test func equalsCostTheSameInTheOrderGiven() {
        let rows = EndpointPlan(Array(repeating: Candidate(), count: 3)).rows
        #expect(rows.map(\.candidate) == [0, 1, 2])
        #expect(rows.allSatisfy { $0.tier == 0 && $0.cost == UInt32(EndpointPlan.unit) && !$0.isTrial })
    }

    @Test func aConnectionCostsLessOnAHeavierOne() {
        let rows = EndpointPlan([Candidate(), Candidate(weight: 4), Candidate(share: 0.5)]).rows
        let unit = UInt32(EndpointPlan.unit)
        #expect(rows.map(\.cost) == [unit, unit / 4, unit * 2])
    }

    @Test func theDearestFitsItsNumber() {
        #expect(
            EndpointPlan([Candidate(share: 1.0 / 160), Candidate(weight: 1_000)]).rows.map(\.cost).allSatisfy { $0 > 0 }
        )
    }

    @Test func drainingOnesAreOut() {
        #expect(tiers([Candidate(isDraining: true), Candidate()]) == [0: [1]])
        #expect(EndpointPlan([Candidate(isDraining: true)]).rows.isEmpty)
    }

    @Test func ejectedOnesAreTheLastResortAndTrialsStandAtTheEnd() {
        let plan = EndpointPlan([
            Candidate(share: 0, isOnTrial: true), Candidate(), Candidate(share: 0), Candidate(), Candidate(),
        ])
        #expect(plan.rows.map(\.candidate) == [1, 3, 4, 2, 0])
        #expect(plan.rows.map(\.tier) == [0, 0, 0, 254, 254])
        #expect(plan.rows.map(\.isTrial) == [false, false, false, false, true])
    }

    @Test(arguments: 1...12)
    func atLeastHalfStayInUse(count: Int) {
        for out in 0..<count {
            let candidates = (0..<count).map { Candidate(share: $0 < out ? 0 : 1, severity: $0) }
            let used = EndpointPlan(candidates).rows.count { $0.tier == 0 }
            #expect(used == max(count - out, (count + 1) / 2))
        }
        // When all look bad, all are used alike.
        let plan = EndpointPlan((0..<count).map { _ in Candidate(share: 0, isOnTrial: true) })
        #expect(plan.rows.count == count)
        #expect(plan.rows.allSatisfy { $0.tier == 0 && $0.cost == UInt32(EndpointPlan.unit) && !$0.isTrial })
    }

    @Test func theMildestCasesFillTheHalf() {
        let plan = EndpointPlan([
            Candidate(share: 0, severity: 3), Candidate(share: 0, severity: 1), Candidate(share: 0, severity: 2),
            Candidate(),
        ])
        #expect(Set(plan.rows.filter { $0.tier == 0 }.map(\.candidate)) == [1, 3])
        // As suspects: a connection on them counts sixteen times.
        #expect(plan.rows.first { $0.candidate == 1 }?.cost == UInt32(EndpointPlan.unit * 16))
    }

    @Test func backupsAreUsedWhenNoLowerOneIs() {
        let backup = Candidate(priority: 1)
        #expect(tiers([Candidate(), backup, Candidate()]) == [0: [0, 2], 1: [1]])
        #expect(tiers([Candidate(share: 0), backup, Candidate(share: 0)]) == [0: [1], 254: [0, 2]])
        // While one is left, it is the one; the backup comes after it.
        #expect(tiers([Candidate(share: 0), backup, Candidate()]) == [0: [2], 1: [1], 254: [0]])
        #expect(tiers([Candidate(isDraining: true), backup]) == [0: [1]])
    }

    @Test func theNearAreFirstAndTheFarHelpWhenHalfOfThemAreGone() {
        let near = Candidate(distance: 0)
        let far = Candidate(distance: 1)
        let out = Candidate(distance: 0, share: 0)
        #expect(tiers([near, near, far, far]) == [0: [0, 1], 1: [2, 3]])
        #expect(tiers([near, out, far, far]) == [0: [0], 1: [2, 3], 254: [1]])
        #expect(tiers([near, out, out, far, far, far]) == [0: [0, 3, 4, 5], 254: [1, 2]])
        #expect(tiers([out, out, far, far]) == [0: [2, 3], 254: [0, 1]])
    }

    /// A client is not sent to a backup to find out whether it would serve.
    @Test func whoWouldNotBeUsedIsNotTried() {
        func trials(_ candidates: [Candidate]) -> [Int] {
            EndpointPlan(candidates).rows.filter(\.isTrial).map(\.candidate)
        }
        let backup = Candidate(priority: 1, share: 0, isOnTrial: true)
        let far = Candidate(distance: 1, share: 0, isOnTrial: true)
        #expect(trials([Candidate(), backup, far]) == [])
        #expect(trials([Candidate(), Candidate(), Candidate(share: 0, isOnTrial: true)]) == [2])
        // The first come back to their place from behind the backups.
        #expect(trials([Candidate(share: 0, isOnTrial: true), Candidate(priority: 1)]) == [0])
    }

    @Test func priorityGoesBeforeDistance() {
        let candidates = [
            Candidate(priority: 1, distance: 0), Candidate(priority: 0, distance: 2),
            Candidate(priority: 0, distance: 1),
        ]
        #expect(tiers(candidates) == [0: [2], 1: [1], 2: [0]])
    }
}
