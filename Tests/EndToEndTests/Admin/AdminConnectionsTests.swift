import Foundation
import Testing
import Traffic

/// `/endpoints` and `/connections`: what lives now.
@Suite(.serialized)
struct AdminConnectionsTests {
    private static func connections(_ admin: AdminClient, _ query: String = "") throws -> (
        total: Int, shown: Int, list: [[String: Any]]
    ) {
        let json = try admin.json("/connections\(query)")
        let list = try #require(json["connections"] as? [[String: Any]])
        return (try #require(json["total"] as? Int), try #require(json["shown"] as? Int), list)
    }

    private static func hold(_ count: Int, _ address: TrafficAddress) throws -> [LineClient] {
        try (0..<count).map { _ in
            let client = try LineClient(to: address)
            try client.sendAll("x\n")
            #expect(try client.readLine() == "x")
            return client
        }
    }

    /// With the access log or without, in which case nobody has asked for the clients' addresses before.
    @Test(arguments: ["on", "off"])
    func everyConnectionIsListed(accessLog: String) throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try observedProxy(to: [server.address], ["--access-log", accessLog])
        defer { fanout.stop() }
        let admin = try fanout.admin()
        let clients = try Self.hold(30, try fanout.address())
        let bytes = #"fanout_bytes_total{service="static",direction="rx"}"#
        try fanout.wait("the last count") { try admin.metrics()[bytes] == 60 }
        let (total, shown, list) = try Self.connections(admin)
        #expect(total == 30 && shown == 30 && list.count == 30)
        #expect(Set(list.compactMap { $0["conn"] as? Int }).count == 30)
        #expect(Set(list.compactMap { $0["client"] as? String }).count == 30)
        #expect(Set(list.compactMap { $0["worker"] as? Int }).isSubset(of: [0, 1]))
        for entry in list {
            #expect(entry["endpoint"] as? String == server.address.description)
            #expect(entry["service"] as? String == "static")
            #expect(entry["tx_bytes"] as? Int == 2 && entry["rx_bytes"] as? Int == 2)
            #expect(entry["attempts"] as? Int == 1)
            #expect((entry["client"] as? String)?.hasPrefix("127.0.0.1:") == true)
        }
        for client in clients.dropFirst(3) { client.close() }
        // A census may be a moment old.
        try fanout.wait("the rest") { try Self.connections(admin).shown == 3 }
        #expect(try Self.connections(admin).total == 3)
    }

    @Test func theLimitIsKept() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try observedProxy(to: [server.address])
        defer { fanout.stop() }
        let admin = try fanout.admin()
        let clients = try Self.hold(250, try fanout.address())
        for (query, shown) in [("", 100), ("?limit=7", 7), ("?limit=1000", 250), ("?limit=99999", 250)] {
            let answer = try Self.connections(admin, query)
            #expect(answer.total == 250 && answer.shown == shown && answer.list.count == shown, "\(query)")
        }
        for query in ["?limit=0", "?limit=-1", "?limit=x", "?limit=", "?limit=1.5", "?limit=99999999999999999999"] {
            #expect(try admin.get("/connections\(query)").status == 400, "\(query)")
        }
        // The walk over the sessions has changed nothing for them.
        for client in clients {
            try client.sendAll("y\n")
            #expect(try client.readLine() == "y")
        }
    }

    /// A worker goes over its sessions in many small steps, and traffic goes on meanwhile.
    @Test func aThousandOfManyAreShown() throws {
        let server = EchoServer()
        defer { server.stop() }
        let fanout = try observedProxy(to: [server.address])
        defer { fanout.stop() }
        let admin = try fanout.admin()
        let clients = try Self.hold(1_500, try fanout.address())
        let answer = try Self.connections(admin, "?limit=1000")
        #expect(answer.total == 1_500)
        #expect(answer.shown > 990 && answer.shown <= 1_000)
        #expect(Set(answer.list.compactMap { $0["conn"] as? Int }).count == answer.shown)
        #expect(Set(answer.list.compactMap { $0["worker"] as? Int }) == [0, 1])
        #expect(clients.count == 1_500)
    }

    @Test func clientsThatWaitAreListedWithoutAnEndpoint() throws {
        let task = try NomadTask()
        defer { task.stop() }
        let fanout = try task.fanout(["--admin-address", "127.0.0.1:0", "--connect-budget", "60s"])
        defer { fanout.stop() }
        let admin = try fanout.admin()
        let client = try LineClient(to: try fanout.address())
        let waiting = #"fanout_connections_waiting{service="redis"}"#
        try fanout.wait("a waiting client") { try admin.metrics()[waiting] == 1 }
        let list = try Self.connections(admin).list
        #expect(list.count == 1)
        #expect(list.first?["endpoint"] == nil)
        #expect(list.first?["attempts"] as? Int == 0)
        client.close()
        try fanout.wait("nobody") { try admin.metrics()[waiting] == 0 }
    }

    @Test func endpointsShowWhatIsOnThem() throws {
        let task = try NomadTask()
        let servers = (0..<2).map { _ in EchoServer() }
        defer {
            task.stop()
            for server in servers { server.stop() }
        }
        let ids = try servers.map { try task.register($0.address, tags: ["a=b"]) }
        let fanout = try task.fanout(["--admin-address", "127.0.0.1:0"])
        defer { fanout.stop() }
        let admin = try fanout.admin()
        func endpoints() throws -> [String: [String: Any]] {
            let services = try #require(try admin.json("/endpoints")["services"] as? [[String: Any]])
            let list = try #require(services.first?["endpoints"] as? [[String: Any]])
            return Dictionary(uniqueKeysWithValues: list.map { ($0["address"] as? String ?? "", $0) })
        }
        try fanout.wait("endpoints") { try endpoints().count == 2 }
        let client = try Self.hold(1, try fanout.address())[0]
        let used = try #require(servers.firstIndex { $0.acceptedCount == 1 })
        let address = servers[used].address.description
        // A byte is counted when the kernel has taken it, which its reader may see first.
        try fanout.wait("the answer's count") { try endpoints()[address]?["rx_bytes"] as? Int == 2 }
        let entry = try #require(try endpoints()[address])
        #expect(entry["state"] as? String == "ready")
        #expect(entry["connections"] as? Int == 1 && entry["connections_total"] as? Int == 1)
        #expect(entry["tx_bytes"] as? Int == 2)
        #expect(entry["tags"] as? [String] == ["a=b"])
        #expect((entry["alloc"] as? String)?.count == 36)

        task.nomad.delete(id: ids[used])
        try fanout.wait("the removal") { try endpoints()[address]?["state"] as? String == "removed" }
        #expect(try endpoints()[address]?["connections"] as? Int == 1)
        #expect(try admin.metrics()[#"fanout_endpoints{service="redis",state="removed"}"#] == 1)
        client.close()
        try fanout.wait("its end") { try endpoints()[address] == nil }
    }
}
