import Reactor
import Testing

@testable import Fanout

/// The description of a parsed value, or what the parser expected instead.
private func outcome<Value: CustomStringConvertible>(_ parse: () throws -> Value) -> String {
    do {
        return try parse().description
    } catch {
        return (error as? InvalidValue)?.expected ?? "\(error)"
    }
}

@Suite struct ListenAddressTests {
    @Test(arguments: [
        "127.0.0.1:6379", "[::1]:6379", "0.0.0.0:0", "[::]:80", ":6379", ":0", "unix:/alloc/pg.sock", "unix:/a=b c",
        "127.0.0.1:65535",
    ])
    func roundTrips(text: String) throws {
        let address = try ListenAddress(parsing: text)
        #expect(address.description == text)
        #expect(try ListenAddress(parsing: address.description) == address)
        #expect(address.socketAddress != nil)
    }

    @Test(arguments: [
        "", ":", "127.0.0.1", "localhost:80", "::1:80", "[127.0.0.1]:80", "[::1]", "[]:80", "[::1:80",
        "127.0.0.1:65536",
        "127.0.0.1:+1", "127.0.0.1: 1", "127.0.0.1:-1", "1.2.3:80", "[fe80::1%lo]:80", "127.0.0.1:",
        "tcp://127.0.0.1:80",
    ])
    func refuses(text: String) {
        #expect(outcome { try ListenAddress(parsing: text) }.hasPrefix("a numeric address (no host names)"))
    }

    @Test func unixPathsAreAbsoluteAndShort() throws {
        #expect(outcome { try ListenAddress(parsing: "unix:relative") }.contains("absolute path"))
        #expect(outcome { try ListenAddress(parsing: "unix:") }.contains("absolute path"))
        #expect(outcome { try ListenAddress(parsing: "unix:/a\0b") }.contains("absolute path"))
        let longest = "unix:/" + String(repeating: "x", count: 106)
        #expect(outcome { try ListenAddress(parsing: longest) } == longest)
        #expect(outcome { try ListenAddress(parsing: longest + "x") }.contains("at most 107 bytes (this one has 108)"))
        #expect(
            outcome { try ListenAddress(parsing: "unix:/" + String(repeating: "é", count: 54)) }.contains("has 109")
        )
    }

    @Test func onlyAllAddressesAreDualStack() throws {
        #expect(try ListenAddress(parsing: ":80").isDualStack)
        #expect(try ListenAddress(parsing: ":80").socketAddress == SocketAddress(numericHost: "::", port: 80))
        #expect(try !ListenAddress(parsing: "[::]:80").isDualStack)
    }

    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1:80", true), ("127.0.0.1:80", "127.0.0.1:81", false),
        ("127.0.0.1:0", "127.0.0.1:0", false), (":0", ":0", false), (":80", ":80", true),
        (":80", "0.0.0.0:80", true), ("[::]:80", ":80", true), (":80", "127.0.0.1:80", false),
        ("0.0.0.0:80", "[::]:80", false), ("unix:/a", "unix:/a", true), ("unix:/a", "unix:/b", false),
        ("unix:/a", ":80", false), ("[::1]:80", "[0:0::1]:80", true),
    ])
    func collisions(left: String, right: String, expected: Bool) throws {
        let (left, right) = (try ListenAddress(parsing: left), try ListenAddress(parsing: right))
        #expect(left.collides(with: right) == expected)
        #expect(right.collides(with: left) == expected)
    }
}

@Suite struct HostPortTests {
    @Test(arguments: [
        "10.0.0.1:5432", "[fd00::1]:5432", "db.internal:5432", "localhost:1", "my_host-1:65535", "a.b.c.:80",
        "3com.com:80",
    ])
    func roundTrips(text: String) throws {
        let endpoint = try HostPort(parsing: text)
        #expect(endpoint.description == text)
        #expect(try HostPort(parsing: endpoint.description) == endpoint)
    }

    @Test(arguments: [
        "", "host", ":80", "host:", "host:0", "host:65536", "host:http", "::1:80", "[host]:80", "[10.0.0.1]:80",
        "10.0.0.256:80", "1.2.3:80", "a..b:80", ".:80", "-a:80", "a b:80", "unix:/path", "[::1]80", "h\u{e9}:80",
    ])
    func refuses(text: String) {
        #expect(outcome { try HostPort(parsing: text) }.hasPrefix("HOST:PORT"))
    }

    @Test func knowsNumericAddresses() throws {
        #expect(try HostPort(parsing: "[::1]:80").numericAddress == SocketAddress(numericHost: "::1", port: 80))
        #expect(try HostPort(parsing: "localhost:80").numericAddress == nil)
    }
}

@Suite struct IntervalTests {
    @Test(
        arguments: [
            ("0", 0, "0"), ("0s", 0, "0"), ("00", 0, "0"), ("50us", 50_000, "50us"), ("500ms", 500_000_000, "500ms"),
            ("2s", 2_000_000_000, "2s"),
            ("60s", 60_000_000_000, "1m"), ("90s", 90_000_000_000, "90s"), ("1m", 60_000_000_000, "1m"),
            ("1h", 3_600_000_000_000, "1h"), ("1500ms", 1_500_000_000, "1500ms"), ("007s", 7_000_000_000, "7s"),
            ("5124095h", 18_446_742_000_000_000_000, "5124095h"),
        ] as [(String, UInt64, String)]
    )
    func parses(text: String, nanoseconds: UInt64, description: String) throws {
        let interval = try Interval(parsing: text)
        #expect(interval.nanoseconds == nanoseconds)
        #expect(interval.description == description)
        #expect(try Interval(parsing: description) == interval)
    }

    @Test(arguments: [
        "", "1", "-1s", "+1s", "s", "1.5s", "1 s", " 1s", "1s ", "1S", "1m30s", "1d", "1ns", "٣s", "1s\u{301}", "0x1s",
        "5124096h", "18446744073709551616ms", "99999999999999999999h",
    ])
    func refuses(text: String) {
        #expect(throws: InvalidValue.self) { try Interval(parsing: text) }
    }
}

@Suite struct ForwardTests {
    @Test(arguments: [
        "127.0.0.1:6379=redis", "unix:/alloc/pg.sock=postgres@data", ":0=10.0.0.1:5432,10.0.0.2:5432",
        "unix:/a=b/c=redis", "[::1]:80=[fd00::1]:80", "127.0.0.1:1=db.internal:5432",
    ])
    func roundTrips(text: String) throws {
        let forward = try Forward(parsing: text)
        #expect(forward.description == text)
        #expect(try Forward(parsing: forward.description) == forward)
    }

    @Test func splitsAtTheLastEqualsSign() throws {
        let forward = try Forward(parsing: "unix:/a=b=redis@data")
        #expect(forward.listen == .unix(path: "/a=b"))
        #expect(forward.source == .nomad(service: "redis", namespace: "data"))
    }

    @Test(arguments: [
        ("redis", "such as 127.0.0.1:6379=redis"), ("=redis", "such as 127.0.0.1:6379=redis"),
        ("localhost:1=redis", "LISTEN being a numeric address"), ("127.0.0.1:1=", "SERVICE being a service name"),
        ("127.0.0.1:1=a_b", "SERVICE being"), ("127.0.0.1:1=a@", "NAMESPACE being"),
        ("127.0.0.1:1=a@*", "NAMESPACE being one namespace"), ("127.0.0.1:1=a@b@c", "NAMESPACE being"),
        ("127.0.0.1:1=@b", "SERVICE being"), ("127.0.0.1:1=10.0.0.1:1,", "each endpoint being HOST:PORT"),
        ("127.0.0.1:1=10.0.0.1:1,redis", "each endpoint being"), ("127.0.0.1:1=10.0.0.1:0", "port from 1 to 65535"),
    ])
    func refuses(text: String, expected: String) {
        #expect(outcome { try Forward(parsing: text) }.contains(expected))
    }
}

@Suite struct NameTests {
    @Test(arguments: [
        ("redis", true), ("a", true), ("Redis-2", true), ("", false), ("-a", false), ("a-", false), ("a_b", false),
        ("a.b", false), ("é", false), (String(repeating: "a", count: 63), true),
        (String(repeating: "a", count: 64), false),
    ])
    func services(text: String, isValid: Bool) {
        #expect((outcome { try Name.service(parsing: text) } == text) == isValid)
    }

    @Test(arguments: [
        ("default", true), ("-a-", true), ("*", false), ("", false), ("a/b", false),
        (String(repeating: "a", count: 128), true), (String(repeating: "a", count: 129), false),
    ])
    func namespaces(text: String, isValid: Bool) {
        #expect((outcome { try Name.namespace(parsing: text) } == text) == isValid)
    }
}
