/// One `--forward`: `LISTEN=SERVICE`, `LISTEN=SERVICE@NAMESPACE` or `LISTEN=HOST:PORT,HOST:PORT...`.
///
/// The text is split at its last `=`: a unix path may hold one, the right side never can.
struct Forward: Hashable, Sendable {
    let listen: ListenAddress
    let source: ServiceSource

    init(parsing text: String) throws(InvalidValue) {
        guard let equals = text.lastIndex(of: "="), equals != text.startIndex else {
            throw InvalidValue("LISTEN=SERVICE[@NAMESPACE] or LISTEN=HOST:PORT,..., such as 127.0.0.1:6379=redis")
        }
        let right = String(text[text.index(after: equals)...])
        listen = try Self.naming("LISTEN") { () throws(InvalidValue) in
            try ListenAddress(parsing: String(text[..<equals]))
        }
        source = try Self.source(parsing: right)
    }

    private static func source(parsing text: String) throws(InvalidValue) -> ServiceSource {
        if text.contains(":") {
            var endpoints: [HostPort] = []
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                let endpoint = try naming("each endpoint") { () throws(InvalidValue) in
                    try HostPort(parsing: String(part))
                }
                endpoints.append(endpoint)
            }
            return .fixed(endpoints)
        }
        guard let at = text.firstIndex(of: "@") else {
            let service = try naming("SERVICE") { () throws(InvalidValue) in try Name.service(parsing: text) }
            return .nomad(service: service, namespace: nil)
        }
        let service = try naming("SERVICE") { () throws(InvalidValue) in try Name.service(parsing: String(text[..<at]))
        }
        let namespace = try naming("NAMESPACE") { () throws(InvalidValue) in
            try Name.namespace(parsing: String(text[text.index(after: at)...]))
        }
        return .nomad(service: service, namespace: namespace)
    }

    /// Says which part of the value the problem is in.
    private static func naming<Value>(
        _ part: String,
        _ parse: () throws(InvalidValue) -> Value
    ) throws(InvalidValue) -> Value {
        do {
            return try parse()
        } catch {
            throw InvalidValue(
                "LISTEN=SERVICE[@NAMESPACE] or LISTEN=HOST:PORT,... with \(part) being \(error.expected)"
            )
        }
    }
}

extension Forward: CustomStringConvertible {
    /// The form that ``init(parsing:)`` reads.
    var description: String { "\(listen)=\(source)" }
}
