import FoundationEssentials
import Reactor

/// Where the Nomad API is and how a request introduces itself there.
struct NomadAddress: Equatable, Sendable {
    enum Transport: Equatable, Sendable {
        /// The task API's socket, or an agent's; opened by path for each connection, as the agent re-creates it.
        case unix(path: String)
        case plain(host: String, port: UInt16)
        case secure(host: String, port: UInt16, TransportSecurity)
    }

    let transport: Transport
    /// The value of the `Host` header.
    let hostHeader: String
    /// The value of the `Authorization` header (`Basic ...`), nil without credentials. A secret.
    let authorization: String?

    /// Whether requests without a token are pointless: the task API refuses them, ACLs or not (Nomad 1.5).
    var demandsToken: Bool {
        switch transport {
        case .unix: true
        case .plain, .secure: false
        }
    }
}

extension NomadAddress: CustomStringConvertible {
    /// The address as an operator would write it, without credentials.
    var description: String {
        switch transport {
        case .unix(let path): "unix://\(path)"
        case .plain: "http://\(hostHeader)"
        case .secure: "https://\(hostHeader)"
        }
    }
}

extension NomadAddress {
    /// Parses `http://HOST[:PORT]`, `https://HOST[:PORT]` or `unix:///PATH`.
    ///
    /// `setBy` names the flag or variable in messages. Credentials in the address win over `NOMAD_HTTP_AUTH`.
    init(_ text: String, setBy origin: String, environment: [String: String]) throws(NomadSetupError) {
        if let path = text.dropping(prefix: "unix://") ?? text.dropping(prefix: "unix:") {
            try self.init(unixPath: path, text: text, setBy: origin, environment: environment)
        } else if let rest = text.dropping(prefix: "http://") {
            let authority = try Authority(rest, text: text, setBy: origin, defaultPort: 80)
            self.init(.plain(host: authority.host, port: authority.port), authority, environment)
        } else if let rest = text.dropping(prefix: "https://") {
            let authority = try Authority(rest, text: text, setBy: origin, defaultPort: 443)
            let security = try TransportSecurity(environment: environment)
            self.init(.secure(host: authority.host, port: authority.port, security), authority, environment)
        } else {
            throw .invalid(
                "\(origin): `\(Self.redacted(text))` has no known scheme; "
                    + "write http://HOST:PORT, https://HOST:PORT or unix:///PATH"
            )
        }
    }

    /// Percent signs stay as they are and `Host` is 127.0.0.1: Nomad's `api.go`, `defaultUDSClient` and `newRequest`.
    private init(
        unixPath path: String,
        text: String,
        setBy origin: String,
        environment: [String: String]
    ) throws(NomadSetupError) {
        guard path.hasPrefix("/") else {
            throw .invalid(
                "\(origin): `\(Self.redacted(text))` has no absolute path; write unix:///PATH with three slashes"
            )
        }
        guard SocketAddress(unixPath: path) != nil else {
            throw .invalid(
                "\(origin): the socket path has \(path.utf8.count) bytes, the kernel takes at most "
                    + "\(SocketAddress.longestUnixPath); write a shorter path, or use http://HOST:PORT"
            )
        }
        self.init(
            transport: .unix(path: path),
            hostHeader: "127.0.0.1",
            authorization: Self.basic(environment.nonEmpty("NOMAD_HTTP_AUTH"))
        )
    }

    private init(_ transport: Transport, _ authority: Authority, _ environment: [String: String]) {
        self.init(
            transport: transport,
            hostHeader: authority.hostHeader,
            authorization: Self.basic(authority.credentials ?? environment.nonEmpty("NOMAD_HTTP_AUTH"))
        )
    }

    /// `user:password` as a header value (RFC 7617); without a colon it is a user with an empty password.
    private static func basic(_ credentials: String?) -> String? {
        guard let credentials, !credentials.isEmpty else { return nil }
        let pair = credentials.contains(":") ? credentials : credentials + ":"
        return "Basic " + Data(pair.utf8).base64EncodedString()
    }

    /// The address for a message: short, on one line, and without what stands before its last `@`.
    static func redacted(_ text: String) -> String {
        let shown = text.unicodeScalars.lastIndex(of: "@").map { "...\(text.unicodeScalars[$0...])" } ?? text
        var line = LineBuffer()
        line.append(line: shown.excerpt(UsageError.longestQuotation))
        return line.text
    }
}

extension String {
    /// The rest after `prefix`, nil if the string does not start with it.
    func dropping(prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}

extension [String: String] {
    /// The value of an environment variable, nil if it is unset or empty.
    func nonEmpty(_ name: String) -> String? {
        guard let value = self[name], !value.isEmpty else { return nil }
        return value
    }
}
