import Reactor
import Testing

@testable import Fanout

@Suite struct EndpointHealthTests {
    private static let second: UInt64 = 1_000_000_000
    private var random = SplitMix(seed: 1)
    private var now = Deadline(nanoseconds: 100 * second)
    private var health: EndpointHealth

    init() { health = EndpointHealth(slowStart: 10 * Self.second, isKnownGood: true, at: now) }

    private mutating func note(_ outcomes: KeyValuePairs<Outcome, UInt32>) {
        var counted = Outcomes()
        for (outcome, count) in outcomes { counted[outcome] = count }
        health.note(counted, at: now, using: &random)
        health.advance(to: now)
    }

    private mutating func pass(seconds: Double) {
        now = now.advanced(by: UInt64(seconds * 1e9))
        health.advance(to: now)
    }

    /// Passes to the moment at which the health itself wants to be looked at.
    private mutating func passToNextChange() {
        now = health.nextChange(after: now)
        health.advance(to: now)
    }

    @Test mutating func oneFailureAmongFewMakesASuspectUntilItIsPast() {
        note([.connected: 2, .refused: 1])
        #expect(health.state == .suspect)
        #expect(health.share(at: now) == 1.0 / 16)
        #expect(health.reason == "of late 1 refused")
        passToNextChange()
        #expect(health.state == .ready)
        #expect(health.share(at: now) == 1)
    }

    @Test mutating func oneFailureAmongManyIsChance() {
        note([.connected: 1_000, .timedOut: 1])
        #expect(health.state == .ready)
    }

    @Test(arguments: Outcome.allCases.filter(\.isBad))
    mutating func threeFailuresOfAnyKindEject(outcome: Outcome) {
        // A session that ends early had been connected.
        note(outcome == .resetEarly || outcome == .closedEarly ? [.connected: 3, outcome: 3] : [outcome: 3])
        #expect(health.isOut)
        #expect(health.name == .ejected)
        #expect(health.share(at: now) == 0)
        #expect(health.ejections == 1)
    }

    @Test mutating func successesOutweighFewerFailures() {
        note([.connected: 10, .refused: 9])
        #expect(!health.isOut)
        note([.refused: 1])
        #expect(health.isOut)
    }

    /// They were counted as good when they connected, in a look before.
    @Test mutating func earlyEndsTakeBackWhatTheirConnectsHadCounted() {
        note([.connected: 3])
        #expect(health.state == .ready)
        note([.closedEarly: 3])
        #expect(health.isOut)
    }

    @Test mutating func failuresThatArePastDoNotAddUp() {
        for _ in 0..<20 {
            note([.refused: 1])
            #expect(!health.isOut)
            pass(seconds: 12)
            note([.connected: 1])
        }
    }

    /// Unless nothing good came between: one that drops every SYN gets little traffic, and fails all of it.
    @Test mutating func threeInARowEjectHoweverLongTheyTake() {
        for _ in 0..<2 {
            note([.overtaken: 1])
            #expect(!health.isOut)
            pass(seconds: 30)
        }
        note([.overtaken: 1])
        #expect(health.isOut)
    }

    @Test mutating func ejectionsGetLongerAndStayBounded() {
        var lengths: [Double] = []
        for _ in 0..<12 {
            note([.refused: 3])
            guard case .ejected(let until) = health.state else { return #expect(Bool(false), "\(health.state)") }
            lengths.append(Double(until.since(now)) / 1e9)
            passToNextChange()
            #expect(health.isOnTrial)
        }
        for (index, length) in lengths.enumerated() {
            let whole = min(Double(1 << index), 60)
            #expect((whole * 0.79...whole * 1.21).contains(length), "\(lengths)")
        }
        #expect(Set(lengths).count == lengths.count, "jitter")
        #expect(health.ejections == 12)
    }

    @Test mutating func aTrialThatGoesWellLeadsBackSlowly() {
        note([.refused: 3])
        passToNextChange()
        #expect(health.isOnTrial)
        #expect(health.isOut)
        note([.connected: 1])
        #expect(health.name == .new)
        #expect(health.share(at: now) < 0.1)
        // On probation one failure is enough.
        note([.refused: 1])
        #expect(health.isOut)
        #expect(health.severity == 2)
    }

    @Test mutating func aTrialThatFailsIsALongerEjection() {
        note([.refused: 3])
        passToNextChange()
        note([.timedOut: 1])
        #expect(health.name == .ejected)
        #expect(!health.isOnTrial)
        #expect(health.severity == 2)
    }

    /// It began before the ejection, and has only now run out of its time.
    @Test mutating func whatFailsBeforeTheTrialIsMadeSaysNothingOfIt() {
        note([.refused: 3])
        passToNextChange()
        var late = Outcomes()
        late[.timedOut] = 2
        health.note(late, isTrialLeft: true, at: now, using: &random)
        #expect(health.isOnTrial)
        health.note(late, isTrialLeft: false, at: now, using: &random)
        #expect(!health.isOnTrial)
    }

    @Test mutating func probationEnds() {
        note([.refused: 3])
        passToNextChange()
        note([.connected: 1])
        pass(seconds: 100)
        note([.refused: 1])
        pass(seconds: 1)
        note([.refused: 1])
        #expect(!health.isOut)
    }

    @Test mutating func aCheckThatSucceedsEndsARow() {
        for _ in 0..<6 {
            health.note(checkSucceeded: false, at: now, using: &random)
            pass(seconds: 100)
            health.note(checkSucceeded: true, at: now, using: &random)
        }
        #expect(!health.isOut)
    }

    @Test mutating func aTrialOfWhichNothingIsHeardIsOfferedAgain() throws {
        note([.refused: 3])
        passToNextChange()
        let first = health.state
        passToNextChange()
        #expect(health.isOnTrial)
        #expect(health.state != first)
    }

    @Test mutating func whatBeganBeforeAnEjectionDoesNotEndIt() {
        note([.refused: 3])
        note([.connected: 5])
        #expect(health.isOut)
        // Later it can only come from its use in need.
        pass(seconds: 0.2)
        note([.connected: 5])
        #expect(!health.isOut)
    }

    @Test mutating func aGoodTimeIsForgiving() {
        note([.refused: 3])
        passToNextChange()
        note([.connected: 1])
        pass(seconds: 100)
        #expect(health.state == .ready)
        note([.refused: 3])
        #expect(health.severity == 1)
    }

    @Test mutating func aCheckBringsBackAndTakesOut() {
        note([.refused: 3])
        health.note(checkSucceeded: true, at: now, using: &random)
        #expect(health.isOnTrial)
        note([.connected: 1])
        health.note(checkSucceeded: false, at: now, using: &random)
        #expect(health.isOut)
    }

    @Test mutating func aNewOneGrowsInTenSteps() {
        health = EndpointHealth(slowStart: 10 * Self.second, isKnownGood: false, at: now)
        var shares = [health.share(at: now)]
        while health.name == .new {
            passToNextChange()
            shares.append(health.share(at: now))
        }
        #expect(shares.count == 11)
        #expect(shares == shares.sorted())
        #expect(shares[0] < 0.1)
        #expect(shares.last == 1)
        #expect(health.nextChange(after: now) == .never)
    }

    @Test func withoutSlowStartANewOneIsReady() {
        #expect(EndpointHealth(slowStart: 0, isKnownGood: false, at: now).state == .ready)
    }

    /// Whatever comes, in any order: shares stay in their range, and there is always a next moment where one is needed.
    @Test(arguments: 0..<200 as Range<UInt64>)
    mutating func anythingMayHappenInAnyOrder(seed: UInt64) {
        var chance = SplitMix(seed: seed)
        for _ in 0..<500 {
            switch UInt8.random(in: 0..<4, using: &chance) {
            case 0: pass(seconds: Double.random(in: 0...30, using: &chance))
            case 1:
                note([Outcome.allCases.randomElement(using: &chance) ?? .failed: .random(in: 0...9, using: &chance)])
            case 2: health.note(checkSucceeded: .random(using: &chance), at: now, using: &random)
            case _:
                let next = health.nextChange(after: now)
                #expect(next > now)
                if next < .never { passToNextChange() }
            }
            #expect((0...1).contains(health.share(at: now)))
            #expect((health.share(at: now) == 0) == health.isOut)
        }
    }
}
