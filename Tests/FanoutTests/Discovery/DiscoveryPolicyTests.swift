import Reactor
import Testing

@testable import Fanout

/// A generator that always yields the same draw, so that a random factor becomes its lowest or highest value.
struct FixedRandom: RandomNumberGenerator {
    let value: UInt64
    mutating func next() -> UInt64 { value }
    static let lowest = FixedRandom(value: 0)
    static let highest = FixedRandom(value: .max)
}

@Suite struct DiscoveryPolicyTests {
    private var policy = DiscoveryPolicy(allowsStale: true)
    private var random = FixedRandom.highest
    private var now = Deadline(nanoseconds: 1_000_000_000)

    private func rows(_ hosts: String...) -> [ServiceRegistration] {
        hosts.map { host in
            var row = ServiceRegistration()
            (row.id, row.address, row.port) = (host, host, 80)
            return row
        }
    }

    private mutating func answer(_ index: UInt64?, _ rows: [ServiceRegistration], leader: Bool = true)
        -> DiscoveryPolicy.Step
    {
        let answer = DiscoveryPolicy.Answer(
            index: index,
            indexText: "`\(index ?? 0)`",
            knownLeader: leader,
            registrations: UsableRegistrations(rows)
        )
        return policy.receive(answer, at: now, using: &random)
    }

    private mutating func fail(_ failure: DiscoveryFailure, tokenChanged: Bool = false) -> Duration {
        policy.fail(failure, tokenChanged: tokenChanged, using: &random).pause
    }

    private func query(_ index: UInt64?, consistent: Bool = false) -> DiscoveryPolicy.Query {
        .init(index: index, consistent: consistent)
    }

    @Test mutating func blocksFromTheFirstAnswerOn() {
        #expect(policy.query == query(nil))
        #expect(answer(7, rows("a")) == .init(verdict: .changed(rows("a")), pause: .zero))
        #expect(policy.query == query(7))
        #expect(answer(9, rows("a", "b")).verdict == .changed(rows("a", "b")))
        #expect(policy.query == query(9))
        #expect(answer(12, rows("a", "b")) == .init(verdict: .unchanged, pause: .zero))
        #expect(policy.query == query(12))
    }

    @Test mutating func theFirstAnswerCountsEvenIfEmpty() {
        #expect(answer(1, []).verdict == .changed([]))
        #expect(policy.snapshot == [])
        #expect(answer(2, []).verdict == .unchanged)
        #expect(answer(3, rows("a")).verdict == .changed(rows("a")))
    }

    @Test mutating func withoutStaleEveryReadIsConsistent() {
        policy = DiscoveryPolicy(allowsStale: false)
        #expect(policy.query == query(nil, consistent: true))
        _ = answer(7, rows("a"))
        #expect(policy.query == query(7, consistent: true))
    }

    @Test(arguments: [nil, 0] as [UInt64?]) mutating func anAnswerWithoutIndexIsAFailure(index: UInt64?) {
        _ = answer(7, rows("a"))
        let step = answer(index, [])
        #expect(step.verdict == .failed(.invalidIndex("`0`")))
        #expect(step.pause == .milliseconds(250))
        #expect(policy.snapshot == rows("a") && policy.index == 7)
    }

    @Test mutating func aLowerIndexIsReadAgainConsistently() {
        _ = answer(50, rows("a"))
        #expect(answer(49, rows("b")) == .init(verdict: .withheld(.indexWentBack), pause: .zero))
        #expect(policy.snapshot == rows("a"))
        #expect(policy.query == query(nil, consistent: true))
        #expect(answer(49, rows("b")) == .init(verdict: .changed(rows("b")), pause: .zero))
        #expect(policy.query == query(49))
    }

    @Test mutating func theForcedReadStaysForcedThroughFailures() {
        _ = answer(50, rows("a"))
        _ = answer(10, rows("b"))
        #expect(fail(.timedOut(.answer)) == .milliseconds(250))
        #expect(policy.query == query(nil, consistent: true))
        #expect(policy.snapshot == rows("a"))
        #expect(answer(10, rows("b")).verdict == .changed(rows("b")))
        #expect(policy.query == query(10))
    }

    @Test mutating func indexesUseAll64Bits() {
        _ = answer(.max, rows("a"))
        #expect(policy.query == query(.max))
        #expect(answer(.max - 1, rows("a")).verdict == .withheld(.indexWentBack))
    }

    @Test mutating func anEmptyAnswerNeedsASecondConsistentOne() {
        _ = answer(5, rows("a"))
        #expect(answer(6, []) == .init(verdict: .withheld(.emptied), pause: .zero))
        #expect(policy.snapshot == rows("a"))
        #expect(policy.query == query(nil, consistent: true))
        #expect(answer(6, []).verdict == .changed([]))
        #expect(policy.query == query(6))
    }

    @Test mutating func anEmptyAnswerMayBeRefuted() {
        _ = answer(5, rows("a"))
        _ = answer(6, [])
        #expect(answer(6, rows("a")).verdict == .unchanged)
        #expect(answer(7, []).verdict == .withheld(.emptied))
    }

    @Test mutating func anOlderEmptyAnswerConfirmsNothing() {
        _ = answer(5, rows("a"))
        _ = answer(9, [])
        #expect(answer(3, []).verdict == .withheld(.emptied))
        #expect(policy.snapshot == rows("a"))
        #expect(answer(3, []).verdict == .changed([]))
    }

    @Test mutating func rowsWithoutAUsableOneAreAsGoodAsNone() {
        _ = answer(5, rows("a"))
        var broken = rows("a")
        broken[0].address = ""
        #expect(answer(6, broken).verdict == .withheld(.emptied))
    }

    @Test mutating func removalsWithoutALeaderWait() {
        _ = answer(5, rows("a", "b"))
        #expect(answer(6, rows("a", "b", "c"), leader: false).verdict == .changed(rows("a", "b", "c")))
        #expect(answer(7, rows("a"), leader: false) == .init(verdict: .withheld(.leaderless), pause: .zero))
        #expect(policy.query == query(nil, consistent: true))
        #expect(
            answer(7, rows("a"), leader: false) == .init(verdict: .withheld(.leaderless), pause: .milliseconds(250))
        )
        #expect(policy.snapshot == rows("a", "b", "c"))
        #expect(answer(7, rows("a")).verdict == .changed(rows("a")))
    }

    @Test mutating func repeatedDoubtsBackOff() {
        _ = answer(5, rows("a", "b"))
        let pauses = (0..<12).map { _ in answer(7, rows("a"), leader: false).pause }
        #expect(pauses.prefix(4) == [.zero, .milliseconds(250), .milliseconds(500), .seconds(1)])
        #expect(pauses.last == .seconds(30))
    }

    @Test mutating func backOffGrowsToItsBounds() {
        let expected = [250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000].map { Duration.milliseconds($0) }
        #expect(expected.map { _ in fail(.brokenConnection("")) } == expected)
        random = .lowest
        #expect(fail(.unavailable(status: 500, body: "")) == .seconds(15))
        #expect(policy.query == query(nil))
        _ = answer(1, rows("a"))
        #expect(fail(.invalidBody("")) == .milliseconds(125))
        for _ in 0..<100_000 { _ = fail(.oversizedBody) }
        #expect(fail(.timedOut(.body)) == .seconds(15))
    }

    @Test mutating func anAbsentAgentIsTriedEachSecondAndCostsNothingLater() {
        for _ in 0..<50 { #expect(fail(.unreachable("", agentAbsent: true)) <= .seconds(1)) }
        #expect(fail(.unavailable(status: 500, body: "")) == .milliseconds(250))
        #expect(fail(.noToken("")) == .seconds(1))
    }

    @Test mutating func statusesHaveTheirOwnPauses() {
        #expect(fail(DiscoveryFailure(status: 400, body: "Invalid wait timeBad Request")) == .seconds(60))
        #expect(fail(DiscoveryFailure(status: 404, body: "")) == .seconds(60))
        #expect(fail(DiscoveryFailure(status: 301, body: "")) == .seconds(60))
        #expect(fail(DiscoveryFailure(status: 429, body: "")) == .seconds(5))
        #expect(fail(DiscoveryFailure(status: 503, body: "")) == .milliseconds(500))
    }

    @Test mutating func aFreshTokenIsTriedAtOnceButOnlyOnce() {
        _ = answer(5, rows("a"))
        let refused = DiscoveryFailure(status: 403, body: "Forbidden")
        #expect(fail(refused, tokenChanged: true) == .zero)
        #expect(fail(refused, tokenChanged: true) == .milliseconds(250))
        #expect(fail(refused) == .milliseconds(500))
        _ = answer(6, rows("a"))
        #expect(
            fail(DiscoveryFailure(status: 500, body: "Server error authenticating request"), tokenChanged: true)
                == .zero
        )
        #expect(DiscoveryFailure(status: 500, body: "Server error authenticating request").concernsToken)
        #expect(!DiscoveryFailure(status: 500, body: "No cluster leader").concernsToken)
        #expect(policy.snapshot == rows("a"))
    }

    @Test mutating func afterAFailureTheNextQueryDoesNotBlock() {
        _ = answer(5, rows("a"))
        _ = fail(.brokenConnection(""))
        #expect(policy.query == query(nil))
        #expect(answer(4, rows("b")).verdict == .withheld(.indexWentBack))
        #expect(answer(5, rows("a")).verdict == .unchanged)
        #expect(policy.query == query(5))
    }

    @Test mutating func refreshAsksWithoutIndexOnceAndStillRefusesOlderAnswers() {
        _ = answer(5, rows("a"))
        policy.refresh()
        #expect(policy.query == query(nil))
        #expect(answer(4, rows("b")).verdict == .withheld(.indexWentBack))
        #expect(answer(6, rows("a")).verdict == .unchanged)
        #expect(policy.query == query(6))
    }

    @Test mutating func onlyUnchangedAnswersAreSlowedDown() {
        _ = answer(1, rows("a"))
        for index in 2...11 as ClosedRange<UInt64> { #expect(answer(index, rows("a")).pause == .zero) }
        #expect(answer(12, rows("a")).pause == .milliseconds(500))
        #expect(answer(13, rows("b")).pause == .zero)
        now = now.advanced(by: 500_000_000)
        #expect(answer(14, rows("b")).pause == .milliseconds(500))
        now = now.advanced(by: 60_000_000_000)
        for index in 15...24 as ClosedRange<UInt64> { #expect(answer(index, rows("b")).pause == .zero) }
        #expect(answer(25, rows("b")).pause > .zero)
    }

    @Test mutating func anyChangeOfARowIsAChange() {
        _ = answer(1, rows("a"))
        var tagged = rows("a")
        tagged[0].tags = ["fanout.weight=2"]
        #expect(answer(2, tagged).verdict == .changed(tagged))
        #expect(answer(3, rows("b", "a")).verdict == .changed(rows("a", "b")))
        #expect(answer(4, rows("a", "b")).verdict == .unchanged)
    }
}
