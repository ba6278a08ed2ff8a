import Foundation
import Testing
import Traffic

@testable import fanout_soak

/// The soak's own judgement: what breaks a promise is called broken, and what is fair is not.
@Suite(.serialized)
struct JudgementTests {
    @Test func aResetWhileTheBackendLivesIsBroken() {
        let server = EchoServer(greeting: Array("steady\n".utf8))
        defer { server.stop() }
        talk(to: server.address) { findings in
            #expect(Clock.wait(within: 10) { findings[.messages] > 0 })
            #expect(findings.broken == 0)
            server.killAll()
            #expect(Clock.wait(within: 10) { findings.broken > 0 })
        }
    }

    @Test func aCleanEndInTheMiddleOfAnAnswerIsBroken() throws {
        let server = RawServer()
        try talk(to: server.address) { findings in
            let upstream = try server.accept()
            try upstream.sendAll("steady\n")
            upstream.halfClose()
            #expect(Clock.wait(within: 10) { findings.broken > 0 })
            // Resets those in its queue, who would else wait for a greeting.
            server.stop()
        }
    }

    private func talk(to address: TrafficAddress, _ body: (Findings) throws -> Void) rethrows {
        let findings = Findings()
        let sign = StopSign()
        let crew = Crew()
        defer {
            sign.raise()
            crew.join()
        }
        crew.start {
            var talker = Talker(
                address: address,
                mortals: nil,
                rests: false,
                findings: findings,
                sign: sign,
                random: SeededGenerator(seed: 1)
            )
            talker.run()
        }
        try body(findings)
    }

    @Test func aClientThatConnectedAndWasResetIsBroken() throws {
        let server = RawServer()
        let storm = Storm(server.address, clients: 1)
        try server.accept().reset()
        #expect(Clock.wait(within: 10) { storm.fates.broken > 0 })
        // Those that are in its queue are reset with it.
        server.stop()
        #expect(storm.stop().served == 0)
    }

    @Test func aRefusedConnectIsFair() {
        let address = RefusingAddress()
        defer { address.stop() }
        let storm = Storm(address.address, clients: 1)
        #expect(Clock.wait(within: 10) { storm.fates.refused > 0 })
        #expect(storm.stop().broken == 0)
    }

    @Test func brokenPromisesEndInAnError() {
        let findings = Findings()
        #expect(throws: Never.self) { try findings.conclude() }
        findings.expect("one", 1, is: 2)
        #expect(throws: Broken.self) { try findings.conclude() }
    }
}
