import Foundation
import Testing
import Traffic

@Suite("Verified traffic without a proxy", .serialized)
struct DirectTests {
    /// A figure that a longer run may set in the environment.
    private func number(_ name: String, or standard: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap(Int.init) ?? standard
    }

    @Test(arguments: [TrafficAddress.loopback, .loopback6])
    func everyEndingIsRightOverTCP(address: TrafficAddress) {
        let server = VerifyingServer(address)
        defer { server.stop() }
        var options = VerifyingClient.Options()
        options.connections = number("TRAFFIC_CONNECTIONS", or: 2_000)
        options.concurrency = number("TRAFFIC_CONCURRENCY", or: 64)
        options.seed = UInt64(number("TRAFFIC_SEED", or: 1))
        options.maximumUpload = 256 * 1024
        options.maximumDownload = 256 * 1024
        let report = VerifyingClient.run(options, to: server.address, servers: [server])
        #expect(report.totalFaults == 0, "\(report)")
        #expect(report.connections == options.connections)
        #expect(report.bytesUp > 0 && report.bytesDown > 0)
        for ending in Ending.all { #expect((report.endings[ending] ?? 0) > 100, "\(ending)") }
    }

    @Test func cleanEndingsAreRightOverUnixSockets() {
        let server = VerifyingServer(.unix(temporaryPath("direct.sock")))
        defer { server.stop() }
        var options = VerifyingClient.Options()
        options.connections = 1_000
        options.endings = Ending.clean
        let report = VerifyingClient.run(options, to: server.address, servers: [server])
        #expect(report.totalFaults == 0, "\(report)")
        #expect(report.emptyEnds == report.endings[.closeAtOnce])
    }

    @Test func aRefusedConnectIsAFault() {
        let refusing = RefusingAddress()
        defer { refusing.stop() }
        let server = VerifyingServer()
        defer { server.stop() }
        var options = VerifyingClient.Options()
        options.connections = 20
        let report = VerifyingClient.run(options, to: refusing.address, servers: [server])
        #expect(report.count(.connectFailed) == 20, "\(report)")
        #expect(report.totalFaults == 20)
    }

    @Test func stopResetsWhatIsOpenAndMayBeCalledTwice() throws {
        let server = VerifyingServer()
        let client = try LineClient(to: server.address)
        #expect(waitUntil { server.openCount == 1 })
        server.stop()
        server.stop()
        #expect(try client.readUntilEnd().end == .reset)
        #expect(server.openCount == 0)
    }
}
