import Foundation
import Testing

@testable import NomadDouble

@Suite("Requests as Nomad takes or refuses them")
struct HonestyTests {
    @Test("paths and methods")
    func routes() throws {
        let rig = try Rig.serving()
        let cases = [
            ("/v1/service/", "400 missing service name"),
            ("/v1/service/a/b", "405 Invalid method"),
            ("/v1/service/a/b/c", "400 invalid URI"),
            ("/v1/other", "404 "),
            ("/v1/service/a?region=mars", "500 rpc error: No path to region"),
            ("/v1/service/a?index=-1", "400 Invalid indexBad Request"),
            ("/v1/service/a?stale=maybe", "400 Expect `true` or `false` for `stale` query string parameterBad Request"),
            ("/v1/service/a?per_page=x", "400 Expect a number for `per_page` query string parameterBad Request"),
            (
                "/v1/service/a?choose=x",
                "400 failed to choose services: Parameter for choose must be in form '<number>|<key>'"
            ),
            ("/v1/service/a?consistent=nonsense&prefix=x", "200 []"),
        ]
        for (target, expected) in cases {
            let response = try rig.get(target)
            #expect("\(response.status) \(response.text)" == expected)
        }
    }

    @Test("over TCP a bad parameter is refused once")
    func tcp() throws {
        let rig = try Rig.serving { $0.isAccessControlEnabled = false }
        let client = try RawClient(port: rig.double.listen())
        client.get("/v1/service/a?wait=x", token: nil)
        let response = try client.response()
        #expect(response.text == "Invalid wait time")
        #expect(response.header("Vary") == "Accept-Encoding")
    }

    @Test("an unclean path is moved, its query with it", arguments: ["//v1/service/redis", "/v1//service/./redis"])
    func moved(path: String) throws {
        let response = try Rig.serving().get("\(path)?stale=&index=1")
        #expect(response.status == 301)
        #expect(response.header("Location") == "/v1/service/redis?stale=&index=1")
    }

    @Test("only GET reads", arguments: ["POST", "PUT", "DELETE"])
    func methods(method: String) throws {
        let rig = try Rig.serving()
        let client = try rig.connect()
        client.send(
            "\(method) /v1/service/redis HTTP/1.1\r\nHost: x\r\nX-Nomad-Token: \(rig.token.text)\r\nContent-Length: 0\r\n\r\n"
        )
        #expect(try client.response().text == "Invalid method")
    }

    @Test("a request without Host, or that is none, ends the connection")
    func malformed() throws {
        let rig = try Rig.serving()
        let hostless = try rig.connect()
        hostless.send("GET /v1/service/redis HTTP/1.1\r\nX-Nomad-Token: \(rig.token.text)\r\n\r\n")
        let refusal = String(decoding: try hostless.readToEnd(), as: UTF8.self)
        #expect(refusal.hasPrefix("HTTP/1.1 400 Bad Request: missing required Host header\r\n"))
        let garbled = try rig.connect()
        garbled.send("nonsense\r\n\r\n")
        #expect(String(decoding: try garbled.readToEnd(), as: UTF8.self).hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
    }

    @Test("a connection is kept, and pipelined requests are answered in order, a parked one holding up the rest")
    func pipelining() throws {
        let rig = try Rig.serving()
        let client = try rig.park("/v1/service/a?index=1")
        client.get("/v1/service/b", token: rig.token.text)
        #expect(!client.isReadable(within: 50))
        rig.double.upsert([Registration(service: "a"), Registration(service: "b")])
        #expect(try client.response().text.contains("\"ServiceName\":\"a\""))
        #expect(try client.response().text.contains("\"ServiceName\":\"b\""))
    }

    @Test("an HTTP/1.0 request is answered in kind")
    func old() throws {
        let rig = try Rig.serving()
        let client = try rig.connect()
        client.send("GET /v1/service/a HTTP/1.0\r\nX-Nomad-Token: \(rig.token.text)\r\n\r\n")
        let text = String(decoding: try client.readToEnd(), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.0 200 OK\r\n") && text.hasSuffix("\r\n\r\n[]"))
    }

    @Test("durations are Go's")
    func durations() throws {
        let expected: [(String, Double?)] = [
            ("60s", 60), ("1500ms", 1.5), ("5m", 300), ("1h2m3s", 3723), ("-2s", -2), ("1.5s", 1.5), (".5s", 0.5),
            ("0", 0), ("60", nil), ("s", nil), ("", nil), ("1d", nil), ("1s-", nil), ("1.s", 1), ("1..2s", nil),
        ]
        for (text, seconds) in expected {
            let value = GoDuration.seconds(text)
            #expect(value == seconds, "\(text)")
        }
    }

    @Test("a wait is capped at five minutes, by the code, not by the documentation")
    func cap() {
        var options = QueryOptions()
        for (asked, effective) in [(60.0, 60.0), (300, 300), (301, 300), (600, 300), (0, 300), (-1, 300)] {
            options.wait = asked
            #expect(options.cappedWait == effective)
        }
    }

    @Test("filters leave what go-bexpr would")
    func filters() throws {
        let rig = try Rig.serving()
        rig.double.upsert([
            Registration(service: "a", address: "one", tags: ["fanout.canary=1"], datacenter: "dc1"),
            Registration(service: "a", address: "two", tags: ["x"], datacenter: "dc2"),
            Registration(service: "a", address: "three", tags: nil, datacenter: "dc2"),
        ])
        let cases: [(String, [String])] = [
            (#""fanout.canary=1" not in Tags"#, ["two", "three"]),
            (#"Datacenter == "dc1""#, ["one"]),
            (#"Datacenter != dc1 and (Tags is empty or Address == "none")"#, ["three"]),
            (#"not (Tags contains "x") and Datacenter == `dc2`"#, ["three"]),
        ]
        for (filter, expected) in cases {
            let escaped = try #require(filter.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
            let text = try rig.get("/v1/service/a?filter=\(escaped)").text
            #expect(["one", "two", "three"].filter { text.contains("\"\($0)\"") } == expected, "\(filter)")
        }
        #expect(try rig.get("/v1/service/a?filter=Nope").status == 400)
    }

    @Test("choose is stable for a key, and pretty is indented")
    func chooseAndPretty() throws {
        let rig = try Rig.serving()
        rig.double.upsert((0..<10).map { Registration(service: "a", port: $0) })
        let chosen = try rig.get("/v1/service/a?choose=3%7Ckey").text
        #expect(chosen.components(separatedBy: "\"ID\"").count == 4)
        #expect(try rig.get("/v1/service/a?choose=3%7Ckey").text == chosen)
        let pretty = try rig.get("/v1/services?pretty=").text
        #expect(pretty.hasPrefix("[\n    {\n        \"Namespace\": \"default\",\n") && pretty.hasSuffix("]\n"))
    }

    @Test("the log tells what was asked, with which token, and what was answered")
    func log() throws {
        let rig = try Rig.serving()
        _ = try rig.get("/v1/service/redis?stale=&index=0&wait=5s")
        let parked = try rig.park("/v1/service/redis?index=1")
        let requests = rig.double.requests(service: "redis")
        #expect(requests.count == 2 && rig.double.requestCount == 2)
        #expect(requests[0].isStale && requests[0].parameters["wait"] == "5s" && requests[0].askedIndex == nil)
        #expect(requests[0].token == rig.token.text && requests[0].status == 200 && requests[0].index == "1")
        #expect(requests[1].askedIndex == 1 && requests[1].answeredAt == nil)
        rig.double.releaseParkedQueries()
        _ = try parked.response()
        let last = try #require(rig.double.requests.last)
        #expect(last.answeredAt ?? 0 >= last.receivedAt)
    }
}
