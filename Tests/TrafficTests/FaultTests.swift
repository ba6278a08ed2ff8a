import Testing
import Traffic

@Suite("The checker sees what a relay does wrong", .serialized)
struct FaultTests {
    private func run(_ flaw: Flaw, _ endings: [Ending], connections: Int = 200, stallLimit: Double = 10) -> Report {
        let server = VerifyingServer(stallLimit: stallLimit)
        let relay = FlawedRelay(to: server.address, flaw: flaw)
        defer {
            relay.stop()
            server.stop()
        }
        var options = VerifyingClient.Options()
        options.connections = connections
        options.concurrency = 16
        options.endings = endings
        options.maximumUpload = 128 * 1024
        options.maximumDownload = 128 * 1024
        options.stallLimit = stallLimit
        return VerifyingClient.run(options, to: .ipv4("127.0.0.1", port: relay.port), servers: [server])
    }

    /// Faults of one kind and no others.
    private func expectOnly(_ kind: Fault.Kind, _ report: Report, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(report.count(kind) > 0, "\(report)", sourceLocation: sourceLocation)
        #expect(report.count(kind) == report.totalFaults, "\(report)", sourceLocation: sourceLocation)
    }

    @Test func aRightRelayHasNoFaults() {
        let report = run(.none, Ending.all, connections: 1_000)
        #expect(report.totalFaults == 0, "\(report)")
    }

    @Test func aChangedByteIsFoundAtItsOffset() {
        let report = run(.flipsAByte, [.clientFirst, .serverFirst, .bothAtEnd])
        expectOnly(.mismatched, report)
        #expect(report.faults.allSatisfy { $0.detail.contains("first wrong byte at 100") })
    }

    @Test func aLostTailIsATruncation() {
        expectOnly(.truncated, run(.losesTheTail, [.clientFirst, .serverFirst, .bothAtEnd]))
    }

    @Test func aLostTailBeforeAResetIsTold() {
        expectOnly(.lostBeforeReset, run(.losesTheTail, [.serverReset, .serverResetAfterClientEnd]))
    }

    @Test(arguments: Ending.resets)
    func aResetTurnedCleanIsSeenForEveryKindOfReset(ending: Ending) {
        let report = run(.turnsResetsIntoEnds, [ending], connections: 100)
        expectOnly(.resetTurnedClean, report)
        #expect(report.count(.resetTurnedClean) > 90, "\(report)")
    }

    @Test(arguments: Ending.clean)
    func aCleanEndTurnedResetIsSeenForEveryKindOfEnd(ending: Ending) {
        let report = run(.turnsEndsIntoResets, [ending], connections: 100)
        expectOnly(.cleanTurnedReset, report)
        #expect(report.count(.cleanTurnedReset) > 90, "\(report)")
    }

    @Test func silenceIsAStall() {
        let report = run(.stalls, [.clientFirst, .serverReset], connections: 16, stallLimit: 2)
        expectOnly(.stalled, report)
    }
}
