import Foundation
import NomadDouble
import Testing

@Suite("Life of the listeners")
struct LifeCycleTests {
    private func failure(_ connect: () throws -> RawClient) -> POSIXErrorCode? {
        do {
            _ = try connect()
            return nil
        } catch {
            return (error as? POSIXError)?.code
        }
    }

    @Test("a graceful stop closes connections in mid-request and unlinks the socket")
    func stop() throws {
        let rig = try Rig.serving()
        let client = try rig.park("/v1/service/redis?index=1")
        rig.double.stop(.taskAPI)
        #expect(try client.readToEnd().isEmpty)
        #expect(rig.double.parkedQueries == 0 && rig.double.abandonedQueries == 0)
        #expect(failure { try rig.connect() } == .ENOENT)
    }

    @Test("a crash leaves the file")
    func crash() throws {
        let rig = try Rig.serving()
        let client = try rig.park("/v1/service/redis?index=1")
        rig.double.crash(.taskAPI)
        #expect(try client.readToEnd().isEmpty)
        #expect(failure { try rig.connect() } == .ECONNREFUSED)
    }

    @Test("a restart binds a new inode, the registrations survive")
    func restart() throws {
        let rig = try Rig.serving()
        rig.double.upsert(Registration(service: "redis", address: "10.0.0.9"))
        // A second link keeps the old inode's number from being used again.
        try FileManager.default.linkItem(atPath: rig.socket, toPath: rig.socket + ".old")
        try rig.double.restart(.taskAPI)
        let inodes = try [rig.socket, rig.socket + ".old"].map {
            try FileManager.default.attributesOfItem(atPath: $0)[.systemFileNumber] as? Int
        }
        #expect(inodes[0] != inodes[1])
        #expect(try rig.get("/v1/service/redis").text.contains("10.0.0.9"))
    }

    @Test("bound but not serving, requests wait in the backlog until it serves")
    func hang() throws {
        let rig = try Rig.serving()
        try rig.double.restart(.taskAPI, isServing: false)
        let client = try rig.connect()
        client.get("/v1/service/redis", token: rig.token.text)
        #expect(!client.isReadable(within: 100))
        #expect(rig.double.requestCount == 0)
        try rig.double.serve(.taskAPI)
        #expect(try client.response().status == 200)
    }

    @Test("the mode is the one asked for", arguments: [0o666, 0o600] as [mode_t])
    func mode(mode: mode_t) throws {
        let rig = Rig()
        try rig.double.listen(at: rig.socket, mode: mode)
        let attributes = try FileManager.default.attributesOfItem(atPath: rig.socket)
        #expect(attributes[.posixPermissions] as? Int == Int(mode))
    }

    @Test("both doors at once, and a TCP door comes back on its port")
    func both() throws {
        let rig = try Rig.serving()
        let port = try rig.double.listen()
        rig.double.crash(.tcp)
        #expect(failure { try RawClient(port: port) } == .ECONNREFUSED)
        #expect(try rig.get("/v1/service/redis").status == 200)
        try rig.double.restart(.tcp)
        let client = try RawClient(port: port)
        client.get("/v1/service/redis", token: rig.token.text)
        #expect(try client.response().status == 200)
    }

    @Test("one TCP connection too many gets the limiter's answer")
    func limiter() throws {
        let rig = Rig { $0.connectionsPerAddress = 2 }
        let port = try rig.double.listen()
        let clients = try (0..<2).map { _ in try RawClient(port: port) }
        for client in clients {
            client.get("/v1/service/redis", token: rig.token.text)
            _ = try client.response()
        }
        let text = String(decoding: try RawClient(port: port).readToEnd(), as: UTF8.self)
        #expect(
            text == "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain\r\nContent-Length: 81\r\n"
                + "Connection: close\r\n\r\n"
                + "Your IP is issuing too many concurrent connections, please rate limit your calls\n"
        )
        #expect(clients.count == 2)
    }

    @Test("without a leader stale reads go on and say so, others fail after a while, blocking ones hang")
    func leaderless() throws {
        let rig = try Rig.serving { $0.timeScale = 0.01 }
        rig.double.upsert(Registration(service: "redis"))
        let blocked = try rig.park("/v1/service/redis?index=\(rig.double.index)&wait=60s")
        rig.double.hasLeader = false
        let stale = try rig.get("/v1/service/redis?stale")
        #expect(stale.header("X-Nomad-Knownleader") == "false")
        #expect(waitUntil { (try? rig.get("/v1/service/redis?stale=true").header("X-Nomad-Lastcontact")) != "0" })
        #expect(try rig.get("/v1/service/redis").text == "Server error authenticating request\n")
        let tcp = try RawClient(port: rig.double.listen())
        tcp.get("/v1/service/redis", token: rig.token.text)
        #expect(try tcp.response().text == "rpc error: No cluster leader")
        // Longer than the wait of sixty scaled seconds.
        #expect(!blocked.isReadable(within: 1_000))
        rig.double.hasLeader = true
        #expect(try blocked.response().status == 200)
    }

    @Test("a lagging follower gives stale reads the old state and index")
    func lagging() throws {
        let rig = try Rig.serving()
        rig.double.upsert(Registration(service: "redis", address: "old"))
        let index = rig.double.index
        rig.double.isFollowerLagging = true
        rig.double.upsert(Registration(service: "redis", address: "new"))
        let stale = try rig.get("/v1/service/redis?stale=")
        #expect(stale.index == "\(index)" && !stale.text.contains("new"))
        #expect(try rig.get("/v1/service/redis").text.contains("new"))
        let client = try rig.park("/v1/service/redis?stale=&index=\(index)")
        rig.double.isFollowerLagging = false
        #expect(try client.response().text.contains("new"))
    }
}
