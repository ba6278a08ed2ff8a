import Glibc
import Reactor

/// An address that Fanout listens on: `127.0.0.1:6379`, `[::1]:6379`, `:6379` or `unix:/path`.
///
/// Numeric only: a name may resolve to many addresses, and a listener has one. Port 0 asks the kernel for a free port.
enum ListenAddress: Hashable, Sendable {
    /// One IPv4 or IPv6 address; `[::]` is IPv6 alone.
    case address(SocketAddress)
    /// Every address of the machine, IPv4 and IPv6 on one socket.
    case all(port: UInt16)
    /// A unix-domain socket at an absolute path.
    case unix(path: String)

    init(parsing text: String) throws(InvalidValue) {
        if text.hasPrefix("unix:") {
            self = try Self.unix(parsing: String(text.dropFirst("unix:".count)))
            return
        }
        guard let (host, bracketed, port) = Port.split(text) else { throw Self.malformed }
        if host.isEmpty, !bracketed {
            self = .all(port: port)
            return
        }
        guard let address = SocketAddress(numericHost: host, port: port),
            (address.family == AF_INET6) == bracketed
        else { throw Self.malformed }
        self = .address(address)
    }

    private static func unix(parsing path: String) throws(InvalidValue) -> ListenAddress {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else {
            throw InvalidValue("unix: followed by an absolute path, such as unix:/alloc/redis.sock")
        }
        let length = path.utf8.count
        guard length <= SocketAddress.longestUnixPath else {
            let longest = SocketAddress.longestUnixPath
            throw InvalidValue("a unix socket path of at most \(longest) bytes (this one has \(length))")
        }
        return .unix(path: path)
    }

    private static let malformed = InvalidValue(
        "a numeric address (no host names), such as 127.0.0.1:6379, [::1]:6379, :6379 (all) or unix:/path"
    )

    /// What to bind; for ``all(port:)`` it is `[::]`, to be bound with IPV6_V6ONLY off.
    ///
    /// Nil only for a unix path that ``init(parsing:)`` would have refused.
    var socketAddress: SocketAddress? {
        switch self {
        case .address(let address): address
        case .all(let port): SocketAddress(numericHost: "::", port: port)
        case .unix(let path): SocketAddress(unixPath: path)
        }
    }

    /// The path of a unix socket.
    var unixPath: String? {
        switch self {
        case .unix(let path): path
        case .address, .all: nil
        }
    }

    /// Whether one socket takes IPv4 and IPv6.
    var isDualStack: Bool {
        switch self {
        case .all: true
        case .address, .unix: false
        }
    }

    /// Whether two listeners would stand on the same address; port 0 is a different port every time.
    func collides(with other: ListenAddress) -> Bool {
        switch (self, other) {
        case (.all(let port), .address(let address)), (.address(let address), .all(let port)):
            port != 0 && port == address.port && address.isWildcard
        case (.address(let left), .address(let right)): left == right && left.port != 0
        case (.all(let left), .all(let right)): left == right && left != 0
        case (.unix(let left), .unix(let right)): left == right
        case (.unix, .address), (.unix, .all), (.address, .unix), (.all, .unix): false
        }
    }
}

extension ListenAddress: CustomStringConvertible {
    /// The form that ``init(parsing:)`` reads.
    var description: String {
        switch self {
        case .address(let address): address.description
        case .all(let port): ":\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
