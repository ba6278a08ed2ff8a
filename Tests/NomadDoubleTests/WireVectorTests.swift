import Foundation
import NomadDouble
import Testing

@Suite("Bytes on the wire")
struct WireVectorTests {
    /// The row of Nomad's own mock.
    private static let mock = Registration(
        service: "example-cache",
        address: "192.168.10.1",
        port: 23000,
        tags: ["foo"],
        id: "_nomad-task-2873cf75-42e5-7c45-ca1c-415f3e18be3d-group-cache-example-cache-db",
        allocID: "2873cf75-42e5-7c45-ca1c-415f3e18be3d",
        nodeID: "17a6d1c0-811e-2ca9-ded0-3d5d6a54904c",
        jobID: "example"
    )

    private static func row(_ number: Int) -> Registration {
        Registration(
            service: "redis",
            address: "10.0.0.\(number)",
            port: 8080,
            id: "978d519a-46ad-fb04-966b-00000000000\(number)"
        )
    }

    @Test("an empty list is the vector of net/http")
    func emptyList() throws {
        let rig = try Rig.serving()
        rig.double.setIndex(10)
        #expect(
            try rig.get("/v1/service/redis").dateless
                == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Nomad-Index: 10\r\nX-Nomad-Knownleader: true\r\n"
                + "X-Nomad-Lastcontact: 0\r\nDate: ...\r\nContent-Length: 2\r\n\r\n[]"
        )
    }

    @Test("a registration is encoded as Nomad's mock is, in 361 bytes")
    func mockRow() throws {
        let rig = try Rig.serving()
        rig.double.setIndex(9)
        rig.double.upsert(Self.mock)
        let response = try rig.get("/v1/service/example-cache")
        #expect(response.index == "10")
        #expect(response.body.count == 361)
        #expect(
            response.text
                == #"[{"Address":"192.168.10.1","AllocID":"2873cf75-42e5-7c45-ca1c-415f3e18be3d","CreateIndex":10,"#
                + #""Datacenter":"dc1","ID":"_nomad-task-2873cf75-42e5-7c45-ca1c-415f3e18be3d-group-cache-example-cache-db","#
                + #""JobID":"example","ModifyIndex":10,"Namespace":"default","#
                + #""NodeID":"17a6d1c0-811e-2ca9-ded0-3d5d6a54904c","Port":23000,"ServiceName":"example-cache","Tags":["foo"]}]"#
        )
    }

    @Test("tags are escaped as go-msgpack does, null tags are null, indexes are whole 64 bits")
    func encoder() throws {
        let rig = try Rig.serving()
        var row = Registration(service: "redis", tags: ["a<b>&\"q\"\\ /é\u{2028}\u{1}日本😀\u{7f}"])
        row.createIndex = .max
        var other = Registration(service: "web", tags: nil)
        other.modifyIndex = .max
        rig.double.restore(RegistrationSnapshot(raftIndex: 5, tableIndex: 5, registrations: [row, other]))
        let text = try rig.get("/v1/service/redis").text
        #expect(text.contains("\"Tags\":[\"a<b>&\\\"q\\\"\\\\ /é\\u2028\\u0001日本😀\u{7f}\"]"))
        #expect(text.contains("\"CreateIndex\":18446744073709551615"))
        #expect(try rig.get("/v1/service/web").text.contains("\"Tags\":null}"))
    }

    @Test("a body of 2048 bytes has a length, one of 2049 is a single chunk", arguments: [2048, 2049])
    func chunking(size: Int) throws {
        let rig = try Rig.serving()
        var row = Self.mock
        row.tags = [""]
        rig.double.upsert(row)
        let plain = try rig.get("/v1/service/example-cache").body.count
        row.tags = [String(repeating: "x", count: size - plain)]
        rig.double.upsert(row)
        let response = try rig.get("/v1/service/example-cache")
        #expect(response.body.count == size)
        if size == 2048 {
            #expect(response.head.hasSuffix("\r\nContent-Length: 2048"))
        } else {
            #expect(response.head.hasSuffix("\r\nTransfer-Encoding: chunked"))
            #expect(response.framedBody.prefix(5) == ArraySlice("801\r\n".utf8))
            #expect(response.framedBody.suffix(7) == ArraySlice("\r\n0\r\n\r\n".utf8))
        }
    }

    @Test("a page says where the next one begins")
    func pages() throws {
        let rig = try Rig.serving()
        rig.double.upsert([Self.row(3), Self.row(1), Self.row(2)])
        let first = try rig.get("/v1/service/redis?per_page=2")
        let token = "default.978d519a-46ad-fb04-966b-000000000003"
        #expect(first.head.contains("X-Nomad-Lastcontact: 0\r\nX-Nomad-Nexttoken: \(token)\r\nDate: "))
        #expect(first.text.contains("10.0.0.1") && first.text.contains("10.0.0.2"))
        let second = try rig.get("/v1/service/redis?per_page=2&next_token=\(token)")
        #expect(second.header("X-Nomad-Nexttoken") == nil)
        #expect(second.text.contains("10.0.0.3") && !second.text.contains("10.0.0.2"))
    }

    @Test("refusals are the vectors of the task API")
    func refusals() throws {
        let rig = try Rig.serving()
        let plain = "Content-Type: text/plain; charset=utf-8\r\nDate: ...\r\nContent-Length:"
        let client = try rig.connect()
        client.get("/v1/service/redis", token: nil)
        #expect(try client.response().dateless == "HTTP/1.1 401 Unauthorized\r\n\(plain) 12\r\n\r\nUnauthorized")
        client.get("/v1/service/redis", token: UUID().uuidString.lowercased())
        #expect(try client.response().dateless == "HTTP/1.1 403 Forbidden\r\n\(plain) 9\r\n\r\nForbidden")
        client.get("/v1/service/redis", token: rig.double.makeToken(.none))
        #expect(try client.response().dateless == "HTTP/1.1 403 Forbidden\r\n\(plain) 17\r\n\r\nPermission denied")
        client.get("/v1/service/redis?wait=soon", token: rig.token.text)
        #expect(
            try client.response().dateless
                == "HTTP/1.1 400 Bad Request\r\n\(plain) 28\r\n\r\nInvalid wait timeBad Request"
        )
        client.get("/v1/service/redis", token: "a.b.c")
        #expect(
            try client.response().dateless
                == "HTTP/1.1 500 Internal Server Error\r\n\(plain) 36\r\n\r\nServer error authenticating request\n"
        )
    }

    @Test("gzip over TCP, and only there, is byte for byte Go's")
    func gzip() throws {
        let rig = try Rig.serving { $0.isAccessControlEnabled = false }
        let client = try RawClient(port: rig.double.listen())
        client.get("/v1/service/redis", token: nil, headers: ["Accept-Encoding: br, gzip"])
        let response = try client.response()
        let dressing = "Content-Encoding: gzip\r\nContent-Type: application/json\r\nVary: Accept-Encoding\r\n"
        #expect(response.head.contains(dressing))
        #expect(
            response.body == [
                0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 0x8a, 0x8e, 0x05, 0x04, 0, 0, 0xff, 0xff, 0x29, 0xbb, 0x4c, 0x0d,
                2, 0, 0, 0,
            ]
        )
        let task = try rig.connect()
        task.get("/v1/service/redis", token: rig.token.text, headers: ["Accept-Encoding: gzip"])
        #expect(try task.response().text == "[]")
    }

    @Test("the date has the form of RFC 9110")
    func date() throws {
        let rig = try Rig.serving()
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let text = try rig.get("/v1/service/redis").header("Date") ?? ""
        let date = try #require(formatter.date(from: text))
        #expect(formatter.string(from: date) == text)
        #expect(abs(date.timeIntervalSinceNow) < 3600)
    }
}
