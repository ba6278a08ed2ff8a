import Testing

@testable import Fanout

@Suite struct AdminJSONTests {
    private static let endpoint = EndpointsReport.Entry(
        address: "10.0.0.7:1",
        name: "a\"b",
        alloc: nil,
        node: "n",
        datacenter: nil,
        tags: ["x=y"],
        state: .removed,
        reason: nil,
        sinceSeconds: 1.5,
        returnsInSeconds: nil,
        weight: 1,
        priority: 0,
        zone: nil,
        connections: 1,
        connectionsTotal: .max,
        txBytes: 2,
        rxBytes: 3,
        connectFailuresTotal: .init(refused: 1, timedOut: 2, unreachable: 3, other: 4),
        ejectionsTotal: 0,
        connectSeconds: 0.00026,
        firstByteSeconds: nil
    )

    @Test func keysAreThoseOfTheContract() throws {
        let text = String(decoding: try AdminJSON.encode(Self.endpoint), as: UTF8.self)
        #expect(
            text == #"{"address":"10.0.0.7:1","connect_failures_total":"#
                + #"{"other":4,"refused":1,"timed_out":2,"unreachable":3},"connect_seconds":0.00026,"connections":1,"#
                + #""connections_total":18446744073709551615,"ejections_total":0,"name":"a\"b","node":"n","#
                + #""priority":0,"rx_bytes":3,"since_seconds":1.5,"state":"removed","tags":["x=y"],"tx_bytes":2,"#
                + #""weight":1}"# + "\n"
        )
    }

    @Test func whatIsWrittenIsReadBack() throws {
        let bytes = try AdminJSON.encode(Self.endpoint)
        #expect(try AdminJSON.decode(EndpointsReport.Entry.self, from: bytes) == Self.endpoint)
        let quantiles = StatusReport.Quantiles(count: 1, p50: 0.5, p95: nil, p99: 0.75)
        #expect(try AdminJSON.decode(StatusReport.Quantiles.self, from: AdminJSON.encode(quantiles)) == quantiles)
    }

    /// Reasons are values with underscores of their own, not keys.
    @Test func reasonsKeepTheirSpelling() throws {
        let closed = ["client_fin": UInt64(1), "upstreamX": 2]
        let bytes = try AdminJSON.encode(closed)
        #expect(String(decoding: bytes, as: UTF8.self) == "{\"client_fin\":1,\"upstreamX\":2}\n")
        #expect(try AdminJSON.decode([String: UInt64].self, from: bytes) == closed)
    }
}
