import Glibc
import Reactor
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1", 80, "127.0.0.1:80"),
        ("0.0.0.0", 0, "0.0.0.0:0"),
        ("255.255.255.255", 65_535, "255.255.255.255:65535"),
        ("::1", 443, "[::1]:443"),
        ("::", 1, "[::]:1"),
        ("2001:DB8:0:0:0:0:0:5", 8080, "[2001:db8::5]:8080"),
        ("::ffff:10.1.2.3", 9, "[::ffff:10.1.2.3]:9"),
    ])
    func numericAddressesAreParsedAndPrinted(host: String, port: UInt16, text: String) throws {
        let address = try #require(SocketAddress(numericHost: host, port: port))
        #expect(address.description == text)
        #expect(address.port == port)
        #expect(address.family == (host.contains(":") ? AddressFamily.ipv6 : AddressFamily.ipv4))
        #expect(address.path == nil)
    }

    @Test(arguments: [
        "", " ", "localhost", "127.1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "127.0.0.1:80", "127.0.0.1 ",
        "[::1]", "::1%lo", ":::", "1:2:3:4:5:6:7:8:9", "g::", "/run/socket",
    ])
    func whatIsNoNumericAddressIsRefused(host: String) {
        #expect(SocketAddress(numericHost: host, port: 1) == nil)
    }

    @Test func bytesMakeTheSameAddressAsText() {
        let text = SocketAddress(numericHost: "10.20.30.40", port: 513)
        #expect(SocketAddress(ipv4: [10, 20, 30, 40], port: 513) == text)
        let bytes: [UInt8] = [0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [7]
        #expect(SocketAddress(ipv6: bytes, port: 5) == SocketAddress(numericHost: "2001:db8::7", port: 5))
    }

    @Test func bytesStandWhereTheyAreSaidToStand() {
        let ipv4 = SocketAddress(ipv4: [1, 2, 3, 4], port: 0)
        #expect((4..<8).map(ipv4.byte) == [1, 2, 3, 4])
        let ipv6 = SocketAddress(ipv6: Array(1...16), port: 0)
        #expect((8..<24).map(ipv6.byte) == Array(1...16))
    }

    @Test func equalAddressesHaveEqualHashes() throws {
        let one = try #require(SocketAddress(numericHost: "10.0.0.1", port: 80))
        let same = SocketAddress(ipv4: [10, 0, 0, 1], port: 80)
        #expect(one == same)
        #expect(one.hashValue == same.hashValue)
        let others = [
            SocketAddress(ipv4: [10, 0, 0, 1], port: 81),
            SocketAddress(ipv4: [10, 0, 0, 2], port: 80),
            try #require(SocketAddress(numericHost: "::ffff:10.0.0.1", port: 80)),
            try #require(SocketAddress(unixPath: "/10.0.0.1")),
        ]
        #expect(Set(others + [one, same]).count == 5)
    }

    @Test func anotherPortIsTheOnlyChange() throws {
        let ipv4 = SocketAddress(ipv4: [10, 0, 0, 1], port: 80)
        #expect(ipv4.with(port: 0xABCD) == SocketAddress(ipv4: [10, 0, 0, 1], port: 0xABCD))
        let ipv6 = try #require(SocketAddress(numericHost: "fe80::1", port: 80))
        #expect(ipv6.with(port: 443).description == "[fe80::1]:443")
        #expect(ipv6.with(port: 443).with(port: 80) == ipv6)
        let unix = try #require(SocketAddress(unixPath: "/run/app"))
        #expect(unix.with(port: 80) == unix)
        #expect(unix.port == 0)
    }

    @Test func aUnixPathHasItsLimits() throws {
        #expect(SocketAddress(unixPath: "") == nil)
        #expect(SocketAddress(unixPath: "/run/\0app") == nil)
        let longest = "/" + String(repeating: "a", count: SocketAddress.longestUnixPath - 1)
        let address = try #require(SocketAddress(unixPath: longest))
        #expect(address.path == longest)
        #expect(address.description == "unix:\(longest)")
        #expect(SocketAddress(unixPath: longest + "a") == nil)
        // The limit is one of bytes, not of characters.
        #expect(SocketAddress(unixPath: "/" + String(repeating: "ä", count: 54)) == nil)
    }

    @Test func theKernelTakesTheLongestUnixPathAndGivesItBack() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("")
        let name = path + String(repeating: "s", count: SocketAddress.longestUnixPath - path.utf8.count)
        let address = try #require(SocketAddress(unixPath: name))
        let listener = try Loopback.listener(on: address)
        #expect(try Loopback.address(of: listener) == address)
        let client = try Loopback.connected(to: address)
        #expect(Socket.peer(of: client.number) == address)
        let unnamed = try #require(Socket.local(of: client.number))
        #expect(unnamed.path == nil)
        #expect(unnamed.description == "unix:")
        #expect(unnamed != address)
    }

    @Test func theKernelsAddressesAreEqualToOurs() throws {
        for host in ["127.0.0.1", "::1"] {
            let wanted = try #require(SocketAddress(numericHost: host, port: 0))
            let listener = try Loopback.listener(on: wanted)
            let bound = try Loopback.address(of: listener)
            #expect(bound.port != 0)
            #expect(bound == wanted.with(port: bound.port))
            let client = try Loopback.connected(to: bound)
            #expect(Socket.peer(of: client.number) == bound)
        }
    }

    @Test(arguments: [
        ("0.0.0.0", true, false), ("::", true, false), ("127.0.0.1", false, true), ("127.255.0.3", false, true),
        ("::1", false, true), ("128.0.0.1", false, false), ("0.0.0.1", false, false), ("::2", false, false),
        ("1::1", false, false),
    ])
    func wildcardAndLoopbackAreKnown(host: String, isWildcard: Bool, isLoopback: Bool) throws {
        let address = try #require(SocketAddress(numericHost: host, port: 9))
        #expect(address.isWildcard == isWildcard)
        #expect(address.isLoopback == isLoopback)
    }

    @Test func aUnixSocketIsNeitherWildcardNorLoopback() throws {
        let unix = try #require(SocketAddress(unixPath: "/run/app"))
        #expect(!unix.isWildcard)
        #expect(!unix.isLoopback)
    }
}
