import Foundation
import NomadDouble
import Testing

@Suite("Faults")
struct FaultTests {
    private static func rig(rows: Int = 2) throws -> Rig {
        let rig = try Rig.serving()
        rig.double.upsert((0..<rows).map { Registration(service: "redis", address: "10.0.0.\($0)", port: 6379) })
        return rig
    }

    /// All bytes up to the end of the stream.
    private func bytes(_ rig: Rig) throws -> String {
        let client = try rig.connect()
        client.get("/v1/service/redis", token: rig.token.text)
        return String(decoding: try client.readToEnd(), as: UTF8.self)
    }

    @Test("a fault strikes so many answers, of its service only, and is logged")
    func counting() throws {
        let rig = try Self.rig()
        rig.double.inject(.status(503, body: "busy"), times: 2, service: "redis")
        #expect(try rig.get("/v1/service/web").status == 200)
        #expect(try rig.get("/v1/service/redis").text == "busy")
        #expect(try rig.get("/v1/service/redis").status == 503)
        #expect(try rig.get("/v1/service/redis").status == 200)
        #expect(rig.double.requests.map(\.fault) == [nil, .status(503, body: "busy"), .status(503, body: "busy"), nil])
        rig.double.inject(.index(.missing), times: nil)
        #expect(try rig.get("/v1/service/redis").index == nil)
        #expect(try rig.get("/v1/service/redis").index == nil)
        rig.double.clearFaults()
        #expect(try rig.get("/v1/service/redis").index == "2")
    }

    @Test("index faults")
    func index() throws {
        let rig = try Self.rig()
        rig.double.setIndex(100)
        let cases: [(IndexFault, String?)] = [
            (.missing, nil), (.text("0"), "0"), (.text("18446744073709551615"), "18446744073709551615"),
            (.text("abc"), "abc"), (.lower(by: 60), "40"), (.lower(by: 1000), "1"), (.higher(by: 5), "105"),
        ]
        for (fault, expected) in cases {
            rig.double.inject(.index(fault))
            #expect(try rig.get("/v1/service/redis").index == expected)
        }
    }

    @Test("body faults announce their length truthfully")
    func body() throws {
        let rig = try Self.rig()
        func body(_ fault: BodyFault) throws -> RawResponse {
            rig.double.inject(.body(fault))
            return try rig.get("/v1/service/redis")
        }
        let whole = try rig.get("/v1/service/redis").body
        #expect(try body(.truncated).body == Array(whole.prefix(whole.count / 2)))
        #expect(try body(.null).text == "null")
        #expect(try body(.empty).body.isEmpty)
        #expect(try body(.bytes([1, 2])).body == [1, 2])
        #expect(String(validating: try body(.invalidUTF8).body, as: UTF8.self) == nil)
        #expect(try body(.wrongTypes).text.contains("\"Port\":\"8080\""))
        #expect(try body(.onlyKeys(["Port"])).text == #"[{"Port":6379},{"Port":6379}]"#)
        let padded = try body(.padded(to: 3_000_000)).body
        #expect(padded.count == 3_000_000)
        #expect((try JSONSerialization.jsonObject(with: Data(padded)) as? [Any])?.count == 2)
        let extended = try JSONSerialization.jsonObject(with: Data(try body(.unknownKeys).body)) as? [[String: Any]]
        #expect(extended?.first?.keys.contains("Zone") == true)
        #expect(try body(.nested(depth: 2000)).body.count == 4000)
    }

    @Test("the stream ends before the length announced")
    func earlyEnd() throws {
        let rig = try Self.rig()
        rig.double.inject(.framing(.endBeforeContentLength))
        let text = try bytes(rig)
        let parts = text.components(separatedBy: "\r\n\r\n")
        let announced = try #require(parts[0].components(separatedBy: "Content-Length: ").last.flatMap { Int($0) })
        #expect(parts[1].utf8.count == announced / 2)
    }

    @Test("the stream ends before the last chunk")
    func noLastChunk() throws {
        let rig = try Self.rig()
        rig.double.inject(.framing(.endBeforeLastChunk))
        let text = try bytes(rig)
        #expect(text.contains("Transfer-Encoding: chunked") && text.hasSuffix("}]\r\n"))
    }

    @Test("a dribble changes the pace, not the bytes")
    func dribble() throws {
        let rig = try Self.rig(rows: 1)
        let plain = try rig.get("/v1/service/redis")
        rig.double.inject(.framing(.dribbleBody(milliseconds: 1)))
        rig.double.inject(.framing(.dribbleHead(milliseconds: 1)))
        for _ in 0..<2 { #expect(try rig.get("/v1/service/redis").dateless == plain.dateless) }
    }

    @Test("silence leaves the connection open and unanswered")
    func silence() throws {
        let rig = try Self.rig()
        rig.double.inject(.framing(.silence))
        let client = try rig.connect()
        client.get("/v1/service/redis", token: rig.token.text)
        #expect(waitUntil { rig.double.requests.last?.fault == .framing(.silence) })
        #expect(!client.isReadable(within: 100))
    }

    @Test("a reset over TCP is a reset")
    func reset() throws {
        let rig = try Self.rig()
        rig.double.inject(.framing(.reset))
        let client = try RawClient(port: rig.double.listen())
        client.get("/v1/service/redis", token: rig.token.text)
        let error = #expect(throws: POSIXError.self) { try client.readToEnd() }
        #expect(error?.code == .ECONNRESET)
    }

    @Test("an answer may come twice")
    func twice() throws {
        let rig = try Self.rig()
        rig.double.inject(.framing(.twice))
        let client = try rig.connect()
        client.get("/v1/service/redis", token: rig.token.text)
        #expect(try client.response().dateless == client.response().dateless)
    }

    @Test("a connection may be closed politely, or speak HTTP/1.0")
    func closing() throws {
        let rig = try Self.rig()
        rig.double.inject(.framing(.connectionClose))
        #expect(try bytes(rig).contains("\r\nConnection: close\r\n"))
        rig.double.inject(.framing(.http10))
        let old = try bytes(rig)
        #expect(old.hasPrefix("HTTP/1.0 200 OK\r\n") && !old.contains("Content-Length"))
    }

    @Test("chunks may have extensions and a trailer")
    func chunkExtensions() throws {
        let rig = try Self.rig()
        let plain = try rig.get("/v1/service/redis").body
        rig.double.inject(.framing(.chunkExtensions))
        let response = try rig.get("/v1/service/redis")
        #expect(response.body == plain)
        #expect(String(decoding: response.framedBody, as: UTF8.self).hasSuffix("0;last\r\nX-Checksum: 1\r\n\r\n"))
    }

    @Test("an agent that shuts down answers parked queries with an empty success of index 0")
    func agentShutdown() throws {
        let rig = try Self.rig()
        let client = try rig.park("/v1/service/redis?index=\(rig.double.index)", door: rig.double.listen())
        rig.double.beginAgentShutdown()
        let response = try client.response()
        #expect(response.status == 200 && response.text == "[]")
        #expect(response.index == "0" && response.header("X-Nomad-Knownleader") == "false")
    }

    @Test("a fault of the body waits for the blocked query's answer")
    func parked() throws {
        let rig = try Self.rig()
        let client = try rig.park("/v1/service/redis?index=\(rig.double.index)")
        rig.double.inject(.body(.null))
        #expect(!client.isReadable(within: 50))
        rig.double.upsert(Registration(service: "redis"))
        #expect(try client.response().text == "null")
    }

    @Test("ten thousand instances arrive whole")
    func huge() throws {
        let rig = try Self.rig(rows: 10_000)
        let rows = try JSONSerialization.jsonObject(with: Data(rig.get("/v1/service/redis").body)) as? [Any]
        #expect(rows?.count == 10_000)
    }
}
