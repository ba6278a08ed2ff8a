import Glibc
import Testing
import Traffic

@Suite("Small peers for tests", .serialized)
struct PeersTests {
    @Test func aSilentListenerNeverAnswersAConnect() {
        let silent = SilentListener()
        defer { silent.stop() }
        for _ in 0..<3 {
            #expect(throws: LineClient.Failure.deadline) { try LineClient(to: silent.address, within: 0.3) }
        }
    }

    @Test func aRefusingAddressRefusesEveryTime() {
        let refusing = RefusingAddress()
        defer { refusing.stop() }
        for _ in 0..<50 {
            #expect(throws: LineClient.Failure.system(ECONNREFUSED)) { try LineClient(to: refusing.address) }
        }
    }

    @Test(arguments: [TrafficAddress.loopback, .loopback6, .unix(temporaryPath("echo.sock"))])
    func echoGreetsEchoesAndEnds(address: TrafficAddress) throws {
        let server = EchoServer(address, greeting: Array("one\n".utf8))
        defer { server.stop() }
        let client = try LineClient(to: server.address)
        #expect(try client.readLine() == "one")
        let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        try client.sendAll(Array(bytes[..<100_000]))
        #expect(try client.readExactly(100_000) == Array(bytes[..<100_000]))
        try client.sendAll(Array(bytes[100_000...]))
        client.halfClose()
        let rest = try client.readUntilEnd()
        #expect(rest.bytes == Array(bytes[100_000...]))
        #expect(rest.end == .endOfStream)
        #expect(server.acceptedCount == 1)
    }

    @Test func killAllResetsEveryConnectionAndTheListenerGoesOn() throws {
        let server = EchoServer()
        defer { server.stop() }
        let clients = try (0..<10).map { _ in try LineClient(to: server.address) }
        for client in clients {
            try client.sendAll("x")
            _ = try client.readExactly(1)
        }
        server.killAll()
        #expect(server.openCount == 0)
        for client in clients { #expect(try client.readUntilEnd().end == .reset) }
        let next = try LineClient(to: server.address)
        try next.sendAll("again\n")
        #expect(try next.readLine() == "again")
    }

    @Test func aReadPastTheEndAndAReadWithoutDataSaySo() throws {
        let server = EchoServer(greeting: [1])
        defer { server.stop() }
        let client = try LineClient(to: server.address)
        #expect(try client.readExactly(1) == [1])
        #expect(throws: LineClient.Failure.deadline) { try client.readExactly(1, within: 0.05) }
        client.halfClose()
        #expect(throws: LineClient.Failure.endOfStream) { try client.readExactly(1) }
    }
}
