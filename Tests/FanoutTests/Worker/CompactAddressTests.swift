import Reactor
import Testing

@testable import Fanout

@Suite struct CompactAddressTests {
    @Test(arguments: [
        ("127.0.0.1", 50_000, "127.0.0.1:50000"),
        ("255.1.2.3", 65_535, "255.1.2.3:65535"),
        ("::1", 50_000, "[::1]:50000"),
        ("2001:db8::a:b", 1, "[2001:db8::a:b]:1"),
        // What a dual-stack listener sees of an IPv4 client.
        ("::ffff:192.0.2.7", 443, "192.0.2.7:443"),
        ("::ffff:0.0.0.0", 1, "0.0.0.0:1"),
        // Like a mapped address, and none.
        ("::fffe:192.0.2.7", 443, "[::fffe:c000:207]:443"),
        ("::ffff:0:c000:207", 443, "[::ffff:0:c000:207]:443"),
        ("1::ffff:c000:207", 443, "[1::ffff:c000:207]:443"),
    ])
    func anAddressIsShownAsTheClientsOwn(host: String, port: UInt16, text: String) throws {
        let address = try #require(SocketAddress(numericHost: host, port: port))
        #expect(CompactAddress(address).text == text)
    }

    @Test func aUnixClientHasNoAddress() throws {
        #expect(CompactAddress().text == nil)
        #expect(CompactAddress.unix.text == "unix")
        #expect(CompactAddress(try #require(SocketAddress(unixPath: "/run/client"))).text == "unix")
    }

    @Test func itTakesTheSpaceItIsSaidToTake() {
        #expect(MemoryLayout<CompactAddress>.stride <= 20)
    }
}
