import Foundation
import Fuzzing
import Testing
import Traffic

/// The built binary under verified traffic while every answer of its Nomad is another mutated one.
@Suite(.serialized) struct ProcessFuzzTests {
    private static let services = 16
    /// Of the whole time, where there is one; else of a few seconds.
    private static let share = 0.3
    private static let seconds = 3.0
    /// What it may take in all. The whole client has one thread, so one answer at its longest is there at a time.
    private static let mostMemory = 128 << 20

    @Test(.timeLimit(.minutes(60)))
    func trafficGoesOn() throws {
        let backend = VerifyingServer()
        defer { backend.stop() }
        let agent = try MutatedAgent(backend: try #require(backend.address.port))
        let server = AnswerServer { agent.answer(to: $0) }
        defer { server.stop() }
        let fanout = try BuiltFanout(
            (0..<Self.services).flatMap { ["--forward", "127.0.0.1:0=svc-\($0)"] }
                + ["--nomad-address", "http://127.0.0.1:\(server.port)", "--workers", "2", "--access-log", "off"]
        )
        defer { fanout.stop() }
        let addresses = try fanout.addresses(Self.services)

        let begin = Date()
        let end = begin.addingTimeInterval(Budget.seconds.map { $0 * Self.share } ?? Self.seconds)
        let prodder = Thread {
            // Cuts the pauses short that discovery makes after a failure.
            while Date() < end, fanout.isRunning {
                fanout.signal(SIGHUP)
                usleep(5_000)
            }
        }
        prodder.start()
        var options = VerifyingClient.Options()
        options.connections = 400
        options.concurrency = 32
        options.maximumUpload = 64 << 10
        options.maximumDownload = 64 << 10
        options.seed = Budget.seed
        var connections = 0
        while Date() < end, fanout.isRunning {
            let report = VerifyingClient.run(
                options,
                to: addresses[connections / 400 % addresses.count],
                servers: [backend]
            )
            #expect(report.totalFaults == 0, "\(report)\n\(agent.whereabouts)\n\(fanout.lastLines)")
            connections += report.connections
            options.seed &+= 1
        }
        let answers = agent.given
        try #require(fanout.isRunning, "it died; \(agent.whereabouts)\n\(fanout.lastLines)")

        agent.becomeGood()
        fanout.signal(SIGHUP)
        let patience = Date().addingTimeInterval(30)
        while agent.satisfied < Self.services, Date() < patience {
            usleep(20_000)
            fanout.signal(SIGHUP)
        }
        #expect(
            agent.satisfied == Self.services,
            "the good state is not back; \(agent.whereabouts)\n\(fanout.lastLines)"
        )
        options.connections = 50
        for address in addresses {
            let report = VerifyingClient.run(options, to: address, servers: [backend])
            #expect(report.totalFaults == 0, "\(report)")
            connections += report.connections
        }
        let memory = try fanout.peakMemory()
        #expect(memory < Self.mostMemory || fanout.isSanitized, "\(memory >> 20) MiB")
        #expect(try fanout.quit() == 0, "\(fanout.lastLines)")
        let seconds = Date().timeIntervalSince(begin)
        print(
            "fuzz: the built binary: \(answers) answers, \(connections) connections in "
                + "\(String(format: "%.1f", seconds)) s, at most \(memory >> 20) MiB, from seed \(Budget.seed)"
        )
        #expect(answers > Self.services * 10)
    }
}
