import NIOCore
import Testing

@testable import Fanout

@Suite struct ServiceRegistrationTests {
    private func decode(_ text: String) throws -> [ServiceRegistration] {
        try ServiceRegistration.decode(ByteBuffer(string: text))
    }

    private func usable(_ rows: [ServiceRegistration], limit: Int = 10_000) -> UsableRegistrations {
        UsableRegistrations(rows, limit: limit)
    }

    private func row(_ id: String, _ address: String, _ port: Int, tags: [String] = [], created: UInt64 = 1)
        -> ServiceRegistration
    {
        var row = ServiceRegistration()
        (row.id, row.address, row.port, row.tags, row.createIndex) = (id, address, port, tags, created)
        return row
    }

    /// The first row of Nomad's own mock (`nomad/mock/mock.go`) as its encoder writes it.
    @Test func decodesNomadsOwnRow() throws {
        let rows = try decode(
            #"[{"Address":"192.168.10.1","AllocID":"2873cf75-42e5-7c45-ca1c-415f3e18be3d","CreateIndex":10,"Datacenter":"dc1","ID":"_nomad-task-2873cf75","JobID":"example","ModifyIndex":11,"Namespace":"default","NodeID":"17a6d1c0","Port":23000,"ServiceName":"example-cache","Tags":["foo"]}]"#
        )
        let row = try #require(rows.first)
        #expect(row.address == "192.168.10.1" && row.port == 23000 && row.tags == ["foo"])
        #expect(row.id == "_nomad-task-2873cf75" && row.allocationID == "2873cf75-42e5-7c45-ca1c-415f3e18be3d")
        #expect(row.nodeID == "17a6d1c0" && row.datacenter == "dc1" && row.jobID == "example")
        #expect(row.createIndex == 10 && row.modifyIndex == 11)
        #expect(row.serviceName == "example-cache" && row.namespace == "default")
    }

    @Test func toleratesWhatTheContractAllows() throws {
        #expect(try decode("[]").isEmpty)
        #expect(try decode(" [ ] \n").isEmpty)
        #expect(try decode("[{}]") == [ServiceRegistration()])
        #expect(try decode(#"[{"Tags":null,"New":{"a":[1]}}]"#) == [ServiceRegistration()])
        #expect(try decode(#"[{"CreateIndex":18446744073709551615}]"#)[0].createIndex == .max)
        #expect(try decode(#"[{"ModifyIndex":9007199254740993}]"#)[0].modifyIndex == 9_007_199_254_740_993)
        let tag = #"a<b>&\"q\"\\ /é\u2028\u0001日本😀"# + "\u{7f}"
        #expect(try decode("[{\"Tags\":[\"\(tag)\"]}]")[0].tags == ["a<b>&\"q\"\\ /é\u{2028}\u{1}日本😀\u{7f}"])
    }

    @Test(arguments: [
        "", "null", "{}", "[null]", "[1]", "[", "[{}", "[{}]x", "[{}{}]", "\"[]\"", #"[{"Port":"80"}]"#,
        #"[{"Port":1.5}]"#,
        #"[{"Port":null}]"#, #"[{"Tags":"a"}]"#, #"[{"Tags":[1]}]"#, #"[{"Tags":[null]}]"#, #"[{"Address":1}]"#,
        #"[{"Address":null}]"#, #"[{"CreateIndex":-1}]"#, #"[{"CreateIndex":18446744073709551616}]"#,
        #"[{"Address":"\ud800"}]"#, #"[{"Port":1},{"Port":[]}]"#,
    ])
    func rejectsTheWholeAnswer(text: String) {
        #expect(throws: DiscoveryFailure.self) { try decode(text) }
    }

    @Test func rejectsInvalidText() {
        let body = ByteBuffer(bytes: Array(#"[{"Address":""#.utf8) + [0xff, 0xfe] + Array(#""}]"#.utf8))
        #expect(throws: DiscoveryFailure.self) { try ServiceRegistration.decode(body) }
        let nested = String(repeating: "[", count: 100_000)
        #expect(throws: DiscoveryFailure.self) { try decode(nested) }
    }

    @Test func skipsAndCountsWhatCannotBeAnEndpoint() {
        let result = usable([
            row("1", "10.0.0.1", 80), row("2", "10.0.0.2", 80, tags: ["x", "fanout.canary=1"]), row("3", "", 80),
            row("4", "10.0.0.4", 0), row("5", "10.0.0.5", 65536), row("6", "10.0.0.6", -1), row("7", "a b", 80),
            row("8", "[::1]", 80), row("9", "x\u{0}y", 80), row("a", "::1", 65535), row("b", "db.internal", 5432),
        ])
        #expect(result.rows.map(\.id) == ["1", "a", "b"])
        #expect(result.skipped == [.canary: 1, .noAddress: 1, .invalidPort: 3, .invalidAddress: 3])
    }

    @Test func theYoungestRowOfAPlaceCountsInAnyOrder() {
        let rows = [row("1", "h", 1, created: 5), row("2", "h", 1, created: 9), row("3", "h", 1, created: 7)]
        for order in [rows, rows.reversed(), [rows[1], rows[0], rows[2]]] {
            #expect(usable(order).rows.map(\.id) == ["2"])
            #expect(usable(order).skipped == [.duplicate: 2])
        }
        let equals = [row("1", "h", 1), row("2", "h", 1)]
        #expect(usable(equals) == usable(equals.reversed()))
    }

    @Test func theNumberOfRowsIsBounded() {
        let result = usable((0..<25).map { row("\($0)", "h", 100 + $0) }, limit: 20)
        #expect(result.rows.count == 20)
        #expect(result.skipped == [.beyondLimit: 5])
    }
}
