import Foundation
import Glibc
import Testing

@testable import Fanout

@Suite struct AdminAddressTests {
    @Test(arguments: [
        ("127.0.0.1:9901", "127.0.0.1:9901"), ("[::1]:9901", "[::1]:9901"), (":9901", "127.0.0.1:9901"),
        ("0.0.0.0:9901", "127.0.0.1:9901"), ("[::]:9901", "[::1]:9901"), ("localhost:9901", "localhost:9901"),
        ("unix:/run/fanout.sock", "unix:/run/fanout.sock"),
    ])
    func isReadAsARunGetsIt(text: String, expected: String) throws {
        #expect(try AdminAddress(parsing: text).description == expected)
    }

    @Test(arguments: [
        "off", "", "127.0.0.1", "127.0.0.1:0", ":0", "unix:relative", "unix:", "http://a:1", "a b:1", "[::1]",
    ])
    func anythingElseIsRefused(text: String) {
        #expect(throws: InvalidValue.self) { try AdminAddress(parsing: text) }
    }
}

@Suite struct AdminClientTests {
    private func client(_ double: AdminDouble) throws -> AdminClient {
        AdminClient(address: try AdminAddress(parsing: double.address))
    }

    @Test func readsEveryReport() throws {
        let double = try AdminDouble()
        let reading = try client(double).reading(connections: 7)
        #expect(reading.status == (try Sample().reading().status))
        #expect(reading.endpoints == (try Sample().reading().endpoints))
        #expect(reading.connections?.total == 250)
        #expect(double.requests == ["/status", "/endpoints", "/connections?limit=7"])
        #expect(try client(double).reading(connections: nil).connections == nil)
        #expect(double.requests.count == 5)
    }

    @Test func asksAUnixSocketAndAName() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("fv-\(UUID().uuidString.prefix(8))")
            .path
        let double = try AdminDouble(unixPath: path)
        #expect(try client(double).reading(connections: nil).status.pid == 4711)
        double.stop()
        let named = try AdminDouble()
        let address = try AdminAddress(parsing: "localhost:\(named.port)")
        #expect(try AdminClient(address: address).reading(connections: nil).status.pid == 4711)
    }

    @Test func nobodyThere() throws {
        let double = try AdminDouble()
        double.stop()
        let failure = #expect(throws: AdminFailure.self) { try client(double).get("/status", within: .seconds(5)) }
        #expect(failure == AdminFailure("Connection refused"))
        let absent = AdminClient(address: .unix(path: "/nowhere/fanout.sock"))
        #expect(throws: AdminFailure("No such file or directory")) { try absent.get("/status", within: .seconds(5)) }
    }

    /// A server that takes the request and says nothing, as a stopped process does.
    @Test func silenceEndsInTime() throws {
        let double = try AdminDouble()
        double.set("/status", .silence)
        #expect(throws: AdminFailure("no answer in time")) {
            try client(double).get("/status", within: .milliseconds(50))
        }
    }

    @Test func anEndlessAnswerIsCutOff() throws {
        let double = try AdminDouble()
        double.set("/status", .endless)
        let failure = #expect(throws: AdminFailure.self) { try client(double).get("/status", within: .seconds(60)) }
        #expect(failure?.description.contains("longer than \(NomadConnection.longestBody) bytes") == true)
    }

    @Test func anAnswerThatIsNotCompleteIsNone() throws {
        let double = try AdminDouble()
        double.set("/status", .cut(#"{"version":"0.1.0"}"#))
        #expect(throws: AdminFailure.self) { try client(double).get("/status", within: .seconds(60)) }
    }

    @Test(arguments: [
        (404, "{}", "HTTP 404 for /status"), (200, "", "it is no JSON"), (200, "[", "it is no JSON"),
        (200, #"{"version":1}"#, "nothing that can be used at version"),
        (
            200, #"{"version":"1","commit":"","pid":1,"uptime_seconds":1,"state":"odd"}"#,
            "nothing that can be used at state"
        ),
        (200, "[" + String(repeating: "{},", count: 600_001) + "{}]", "the answer is too large"),
    ])
    func otherAnswersAreNone(status: Int, text: String, expected: String) throws {
        let double = try AdminDouble()
        double.set("/status", .answer(status: status, text))
        let failure = #expect(throws: AdminFailure.self) { try client(double).reading(connections: nil) }
        #expect(failure?.description.contains(expected) == true, "\(failure as Any)")
    }
}

@Suite struct WaitTests {
    private func wait(_ double: AdminDouble, _ limit: Interval) throws -> [String]? {
        Wait(client: AdminClient(address: try AdminAddress(parsing: double.address)), limit: limit).run()
    }

    @Test func readyReturnsAtOnce() throws {
        let double = try AdminDouble()
        #expect(try wait(double, .seconds(60)) == nil)
        #expect(double.requests == ["/ready"])
    }

    @Test func theDeadlineGivesTheReasons() throws {
        let double = try AdminDouble()
        double.show(Sample(state: "starting", reasons: ["discovery has not answered for redis"]))
        #expect(try wait(double, .seconds(2)) == ["discovery has not answered for redis"])
        #expect(double.requests.count >= 2)
    }

    @Test func silenceDoesNotOutlastTheDeadline() throws {
        let double = try AdminDouble()
        double.set("/ready", .silence)
        let reasons = try wait(double, Interval(nanoseconds: 150_000_000))
        #expect(reasons == ["\(double.address): no answer in time"])
    }

    /// Not there, then not ready, then ready.
    @Test func aFanoutThatComesLaterIsWaitedFor() throws {
        let double = try AdminDouble()
        double.stop()
        double.show(Sample(state: "starting", reasons: ["not yet"]))
        let address = try AdminAddress(parsing: double.address)
        let waiting = DispatchQueue.global()
        let result = DispatchGroup()
        let ended = Ended()
        waiting.async(group: result) {
            ended.reasons = Wait(client: AdminClient(address: address), limit: .seconds(60)).run()
        }
        try double.listen()
        try ViewTests.wait("a first look", seen: { "\(double.requests)" }, until: { double.requests.count >= 2 })
        double.show(Sample())
        result.wait()
        #expect(ended.reasons == nil)
    }

    private final class Ended: @unchecked Sendable {
        var reasons: [String]? = ["it has not ended"]
    }
}
