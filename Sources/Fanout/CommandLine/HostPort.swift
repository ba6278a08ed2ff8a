import Reactor

/// A fixed endpoint as operators write it: `10.0.0.1:5432`, `[fd00::1]:5432` or `db.internal:5432`.
struct HostPort: Hashable, Sendable {
    /// A name, or a numeric address without brackets.
    let host: String
    /// 1 to 65535.
    let port: UInt16

    /// The longest host name and the longest part of one between dots (RFC 1035, section 2.3.4).
    private static let longestName = 253
    private static let longestLabel = 63

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    init(parsing text: String) throws(InvalidValue) {
        guard let (host, bracketed, port) = Port.split(text), !host.isEmpty else { throw Self.malformed }
        guard port != 0 else { throw InvalidValue("HOST:PORT with a port from 1 to 65535") }
        let isNumeric = SocketAddress(numericHost: host, port: port) != nil
        guard bracketed ? isNumeric && host.contains(":") : isNumeric || Self.isName(host) else {
            throw Self.malformed
        }
        self.host = host
        self.port = port
    }

    private static let malformed = InvalidValue(
        "HOST:PORT, such as 10.0.0.1:5432, [fd00::1]:5432 or db.internal:5432"
    )

    /// Letters, digits, `-`, `_` and dots; not digits and dots alone, which is a mistyped IPv4 address.
    private static func isName(_ host: String) -> Bool {
        let labels = (host.hasSuffix(".") ? host.dropLast() : host[...])
            .split(separator: ".", omittingEmptySubsequences: false)
        return host.utf8.count <= longestName
            && labels.allSatisfy { label in
                !label.isEmpty && label.utf8.count <= longestLabel && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.utf8.allSatisfy { Name.isAlphanumeric($0) || "-_".utf8.contains($0) }
            }
            && labels.last?.utf8.allSatisfy(Name.isDigit) == false
    }

    /// The address when no name has to be resolved.
    var numericAddress: SocketAddress? { SocketAddress(numericHost: host, port: port) }
}

extension HostPort: CustomStringConvertible {
    /// The form that ``init(parsing:)`` reads.
    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
