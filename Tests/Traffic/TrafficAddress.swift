import Glibc

/// Where a test listens or connects: numeric IPv4, numeric IPv6 or the path of a unix stream socket.
public enum TrafficAddress: Sendable, Hashable {
    case ipv4(String, port: UInt16)
    case ipv6(String, port: UInt16)
    case unix(String)

    /// 127.0.0.1 with a port that the kernel picks when a listener binds it.
    public static let loopback = TrafficAddress.ipv4("127.0.0.1", port: 0)
    /// ::1 with a port that the kernel picks when a listener binds it.
    public static let loopback6 = TrafficAddress.ipv6("::1", port: 0)

    /// The port, or nil for a unix path.
    public var port: UInt16? {
        switch self {
        case .ipv4(_, let port), .ipv6(_, let port): port
        case .unix: nil
        }
    }

    /// True for a unix socket, on which a reset cannot be sent (a linger-0 close there is a plain end of stream).
    public var isUnix: Bool { port == nil }

    func with(port: UInt16) -> TrafficAddress {
        switch self {
        case .ipv4(let host, _): .ipv4(host, port: port)
        case .ipv6(let host, _): .ipv6(host, port: port)
        case .unix: self
        }
    }

    var family: Int32 {
        switch self {
        case .ipv4: AF_INET
        case .ipv6: AF_INET6
        case .unix: AF_UNIX
        }
    }
}

extension TrafficAddress: CustomStringConvertible {
    /// `host:port`, `[host]:port` or `unix:path`, as proxies take it on their command lines.
    public var description: String {
        switch self {
        case .ipv4(let host, let port): "\(host):\(port)"
        case .ipv6(let host, let port): "[\(host)]:\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

extension TrafficAddress {
    /// Calls `body` with the kernel's form of the address; a malformed host traps, as tests write hosts as literals.
    func withSocketAddress<R>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        switch self {
        case .ipv4(let host, let port):
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            precondition(unsafe inet_pton(AF_INET, host, &address.sin_addr) == 1, "not an IPv4 address: \(host)")
            return unsafe Self.rebound(&address, body)
        case .ipv6(let host, let port):
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            precondition(unsafe inet_pton(AF_INET6, host, &address.sin6_addr) == 1, "not an IPv6 address: \(host)")
            return unsafe Self.rebound(&address, body)
        case .unix(let path):
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let capacity = MemoryLayout.size(ofValue: address.sun_path)
            precondition(path.utf8.count < capacity, "unix socket path too long: \(path)")
            unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
            return unsafe Self.rebound(&address, body)
        }
    }

    private static func rebound<A, R>(_ address: inout A, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
        unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe body($0, socklen_t(MemoryLayout<A>.size))
            }
        }
    }
}
