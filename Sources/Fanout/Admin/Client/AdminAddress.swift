import Reactor

/// Where the admin endpoint of a running Fanout is: what its `--admin-address` says, or a host name with a port.
enum AdminAddress: Hashable, Sendable {
    case tcp(HostPort)
    case unix(path: String)

    /// An address that stands for all of the machine's is asked on the loopback.
    init(parsing text: String) throws(InvalidValue) {
        if text.hasPrefix("unix:") {
            guard case .unix(let path) = try ListenAddress(parsing: text) else { throw Self.malformed }
            self = .unix(path: path)
            return
        }
        guard let place = try? HostPort(parsing: text.hasPrefix(":") ? "127.0.0.1\(text)" : text) else {
            throw Self.malformed
        }
        guard place.numericAddress?.isWildcard == true else {
            self = .tcp(place)
            return
        }
        self = .tcp(HostPort(host: place.host.contains(":") ? "::1" : "127.0.0.1", port: place.port))
    }

    private static let malformed = InvalidValue("where a running Fanout has it, such as 127.0.0.1:9102 or unix:/path")

    /// The `Host` header of a request (RFC 9110, section 7.2).
    var host: String {
        switch self {
        case .tcp(let place): place.description
        case .unix: "localhost"
        }
    }
}

extension AdminAddress: CustomStringConvertible {
    var description: String {
        switch self {
        case .tcp(let place): place.description
        case .unix(let path): "unix:\(path)"
        }
    }
}
