import Reactor

/// The part of an `http` or `https` address between the slashes: credentials, host and port (RFC 3986, section 3.2).
struct Authority: Equatable, Sendable {
    /// Without brackets.
    let host: String
    let port: UInt16
    /// `user:password`, percent-decoded. A secret.
    let credentials: String?
    /// Host and port as they were written, which is what the `Host` header carries.
    let hostHeader: String

    /// Parses what follows `scheme://`; `text` and `origin` are the whole address and who set it, for messages.
    init(_ rest: String, text: String, setBy origin: String, defaultPort: UInt16) throws(NomadSetupError) {
        let shown = NomadAddress.redacted(text)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        guard rest[end...].isEmpty || rest[end...] == "/" else {
            throw .invalid("\(origin): `\(shown)` has a path or query; write only the scheme, host and port")
        }
        let authority = rest[..<end]
        if let at = authority.lastIndex(of: "@") {
            guard let decoded = PercentEncoding.decode(authority[..<at]) else {
                throw .invalid("\(origin): `\(shown)` has credentials with a broken percent encoding; write %25 for %")
            }
            credentials = decoded
            hostHeader = String(authority[authority.index(after: at)...])
        } else {
            credentials = nil
            hostHeader = String(authority)
        }

        let portText: Substring?
        if hostHeader.hasPrefix("["), let close = hostHeader.firstIndex(of: "]") {
            host = String(hostHeader[hostHeader.index(after: hostHeader.startIndex)..<close])
            let tail = hostHeader[hostHeader.index(after: close)...]
            guard tail.isEmpty || tail.hasPrefix(":") else {
                throw .invalid("\(origin): `\(shown)` has text after the bracket; write http://[ADDRESS]:PORT")
            }
            portText = tail.isEmpty ? nil : tail.dropFirst()
        } else {
            let parts = hostHeader.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count <= 2 else {
                throw .invalid(
                    "\(origin): `\(shown)` has an IPv6 address without brackets; write http://[ADDRESS]:PORT"
                )
            }
            host = String(parts[0])
            portText = parts.count == 2 ? parts[1] : nil
        }
        guard HostName.isConnectable(host) else {
            throw .invalid("\(origin): `\(shown)` has no valid host; write http://HOST:PORT")
        }
        guard let portText else {
            port = defaultPort
            return
        }
        guard portText.allSatisfy({ $0.isASCII && $0.isNumber }), let number = UInt16(portText), number > 0 else {
            throw .invalid("\(origin): `\(shown)` has no valid port; write a number from 1 to 65535")
        }
        port = number
    }
}
