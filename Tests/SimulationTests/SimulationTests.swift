import Simulation
import Testing

/// The worker in a simulated world (Tests/Simulation): a failure names the schedule or the seed that shows it again.
@Suite(.serialized) struct SimulationTests {
    init() { CrashNote.install() }

    @Test(arguments: Walk.all.map(\.name)) func everyScheduleOfAShortSession(name: String) throws {
        let walk = try #require(Walk.all.first { $0.name == name })
        let report = walk.run()
        #expect(report.failure == nil, "\(report.failure?.description ?? "")")
        #expect(report.runs > 1)
    }

    /// And that each fault was really met, or the runs show nothing.
    @Test func wholeWorkersFromTwoThousandSeeds() {
        let report = Seeds.run(1..<2_001)
        #expect(report.failure == nil, "\(report.failure?.description ?? "")")
        #expect(report.coverage.missing.filter { !$0.isOfFleets } == [])
        #expect(report.missingReasons == [])
    }

    @Test func fleetsFromTwoThousandSeeds() {
        let report = Fleets.run(1..<2_001)
        #expect(report.failure == nil, "\(report.failure?.description ?? "")")
        #expect(report.coverage.missing.filter(\.isOfFleets) == [])
        #expect(report.missingReasons == [])
    }

    @Test func aDrainTakesALongQueueToItsEnd() {
        let report = Queues.run(1..<60)
        #expect(report.failure == nil, "\(report.failure?.description ?? "")")
        #expect(report.coverage[.acceptAborted] > 0 && report.coverage[.queueTakenInDrain] > 0)
    }

    /// Each gets all that was sent, however long it takes, unless it takes nothing for five seconds; none is taken for idle.
    @Test func aSlowReaderIsNotAnIdleOne() {
        let report = SlowReaders.run(1..<101)
        #expect(report.failure == nil, "\(report.failure?.description ?? "")")
        #expect(report.coverage[.blockedPeer] > 90)
        #expect(report.missingReasons.contains("idle"))
    }

    @Test func aResetInTheMomentOfOurOwnEndIsNoOrderlyOne() {
        let report = LateResets.run(1..<1_001)
        #expect(report.failure == nil, "\(report.failure?.description ?? "")")
        #expect(!report.missingReasons.contains("removed") && report.coverage[.clientReset] > 0)
    }

    @Test func whatBeginsWhileKeepaliveIsSetUpHasItToo() {
        let report = KeepaliveWalks.run(1..<201)
        #expect(report.failure == nil, "\(report.failure?.description ?? "")")
        #expect(report.coverage[.keptAlive] > 200)
    }

    @Test func theSameSeedIsTheSameRun() {
        let (first, second) = (Seeds.run(7..<40), Seeds.run(7..<40))
        #expect(first.duration == second.duration)
        for mark in Mark.allCases { #expect(first.coverage[mark] == second.coverage[mark], "\(mark)") }
    }

    @Test func everyOperationFailsInTurn() {
        let report = FaultPoints.run(1..<5)
        #expect(report.failure == nil, "\(report.failure?.description ?? "")")
        #expect(report.runs > 500)
    }
}
