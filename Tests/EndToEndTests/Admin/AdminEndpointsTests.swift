import Foundation
import Testing
import Traffic

/// What `/endpoints` says of each endpoint.
@Suite(.serialized)
struct AdminEndpointsTests {
    private static func entry(_ server: RawServer, _ admin: AdminClient) throws -> [String: Any] {
        let services = try #require(try admin.json("/endpoints")["services"] as? [[String: Any]])
        let entries = try #require(services.first?["endpoints"] as? [[String: Any]])
        return try #require(entries.first { $0["address"] as? String == server.address.description })
    }

    /// The delay is the server's own, begun when its connection is known to be there: a lower bound, whatever the load.
    @Test func latencyIsEachEndpointsOwn() throws {
        let (speaker, silent) = (RawServer(), RawServer())
        defer {
            speaker.stop()
            silent.stop()
        }
        let fanout = try observedProxy(to: [speaker.address, silent.address], ["--balance", "round-robin"])
        defer { fanout.stop() }
        let admin = try fanout.admin()
        #expect(try Self.entry(speaker, admin)["connect_seconds"] == nil)
        // Each worker has its own turn.
        var clients: [LineClient] = []
        try fanout.wait("a connection to each") {
            clients.append(try LineClient(to: fanout.address()))
            return try [speaker, silent].allSatisfy {
                try Self.entry($0, admin)["connections_total"] as? Int ?? 0 > 0
            }
        }
        let upstream = try speaker.accept()
        Thread.sleep(forTimeInterval: 0.05)
        try upstream.sendAll("220 ready\n")
        try fanout.wait("its first byte") { try Self.entry(speaker, admin)["first_byte_seconds"] != nil }
        let (heard, unheard) = (try Self.entry(speaker, admin), try Self.entry(silent, admin))
        #expect(try #require(heard["first_byte_seconds"] as? Double) >= 0.05)
        #expect(try #require(heard["connect_seconds"] as? Double) > 0)
        #expect(try #require(unheard["connect_seconds"] as? Double) > 0)
        #expect(unheard["first_byte_seconds"] == nil)
    }
}
