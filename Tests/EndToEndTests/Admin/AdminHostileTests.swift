import Foundation
import Testing
import Traffic

/// Clients of the admin endpoint that mean no good: they get their limits, and disturb nobody.
@Suite(.serialized)
struct AdminHostileTests {
    private final class Rig {
        let server = EchoServer()
        let fanout: FanoutProcess
        let admin: AdminClient
        private let held: LineClient

        init() throws {
            fanout = try observedProxy(to: [server.address])
            admin = try fanout.admin()
            held = try LineClient(to: try fanout.address())
        }

        deinit {
            fanout.stop()
            server.stop()
        }

        /// Sessions go on, old and new, and the admin endpoint answers others.
        func expectUndisturbed() throws {
            try held.sendAll("held\n")
            #expect(try held.readLine() == "held")
            #expect(try ask(try fanout.address()) == "hello")
            #expect(try admin.get("/live").status == 200)
            #expect(try admin.get("/metrics").status == 200)
        }
    }

    @Test(arguments: [
        "\0\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "hello\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\u{3}\u{3}",
    ])
    func nonsenseIsRefused(_ request: String) throws {
        let rig = try Rig()
        let client = try LineClient(to: rig.admin.address)
        try client.sendAll(request)
        client.halfClose()
        let answer = String(decoding: try client.readUntilEnd().bytes, as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
        #expect(answer.components(separatedBy: "HTTP/1.1 400").count == 2, "\(answer)")
        try rig.expectUndisturbed()
    }

    @Test func headsAreBounded() throws {
        let rig = try Rig()
        let long = String(repeating: "a", count: 100_000)
        let many = (0..<1_000).map { "H\($0): x\r\n" }.joined()
        for request in [
            "GET /\(long) HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nH: \(long)\r\n\r\n", "GET / HTTP/1.1\r\n\(many)\r\n",
        ] {
            let client = try LineClient(to: rig.admin.address)
            // It may be told before it has sent everything.
            try? client.sendAll(request)
            let answer = (try? client.readUntilEnd())?.bytes ?? []
            let text = String(decoding: answer, as: UTF8.self)
            #expect(text.isEmpty || text.hasPrefix("HTTP/1.1 431 "), "\(text)")
        }
        // Sent in one piece that fits, and so answered in words.
        let medium = String(repeating: "a", count: 5_000)
        let answer = try AdminClient.answer(to: "GET / HTTP/1.1\r\nH: \(medium)\r\n\r\n", at: rig.admin.address)
        #expect(answer.status == 431)
        try rig.expectUndisturbed()
    }

    @Test func bodiesAreReadAwayAndBounded() throws {
        let rig = try Rig()
        let small = "GET /live HTTP/1.1\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
        #expect(try AdminClient.answer(to: small, at: rig.admin.address).status == 200)
        let client = try LineClient(to: rig.admin.address)
        try client.sendAll("GET /live HTTP/1.1\r\nContent-Length: 1000000000\r\n\r\n")
        var wasStopped = false
        for _ in 0..<1_000 where !wasStopped {
            do {
                try client.sendAll([UInt8](repeating: 0, count: 100_000), within: 5)
            } catch {
                wasStopped = true
            }
        }
        #expect(wasStopped, "a hundred megabytes of a body were taken")
        try rig.expectUndisturbed()
    }

    /// Sixteen connections at once; who only holds one makes room for who asks.
    @Test func holdersDoNotKeepScrapersOut() throws {
        let rig = try Rig()
        var holders: [LineClient] = []
        for round in 0..<100 {
            let holder = try LineClient(to: rig.admin.address)
            if round % 2 == 0 { try holder.sendAll("GET /metrics HTTP/1.1\r\nX") }
            holders.append(holder)
        }
        try rig.expectUndisturbed()
        let descriptors = try rig.fanout.state().process["descriptors"] ?? .max
        #expect(descriptors < 70, "\(descriptors) descriptors")
    }

    /// Clients that ask for large answers and read none: the connections are bounded, and so is what waits for them.
    @Test func answersThatNobodyReadsAreBounded() throws {
        let rig = try Rig()
        let request = String(repeating: "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n", count: 2_000)
        let lazy = try (0..<40).map { _ in try LineClient(to: rig.admin.address, room: KernelRoom(sendBuffer: 4096)) }
        for client in lazy { _ = try client.sendWhatFits(Array(request.utf8)) }
        let resident = #"process_resident_memory_bytes"#
        let before = try #require(try rig.admin.metrics()[resident])
        for _ in 0..<20 {
            for client in lazy { _ = try? client.sendWhatFits(Array(request.utf8)) }
            try rig.expectUndisturbed()
        }
        let after = try #require(try rig.admin.metrics()[resident])
        #expect(after < before + 32e6, "\(before) bytes before, \(after) after")
    }

    @Test func resetsInTheMiddleAreNothing() throws {
        let rig = try Rig()
        for round in 0..<200 {
            let client = try LineClient(to: rig.admin.address)
            if round % 3 > 0 { try client.sendAll("GET /connections HTTP/1.1\r\nHost: a\r\n\r\n") }
            if round % 3 > 1 { _ = try? client.readExactly(1) }
            client.reset()
        }
        try rig.expectUndisturbed()
        #expect(rig.fanout.log.allSatisfy { ["info", "notice"].contains($0["level"] as? String) })
    }
}
