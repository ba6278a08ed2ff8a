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
        listen = try Self.parse("LISTEN", text[..<equals], ListenAddress.init(parsing:))
        source = try Self.source(parsing: text[text.index(after: equals)...])
    }

    private static func source(parsing text: Substring) throws(InvalidValue) -> ServiceSource {
        if text.contains(":") {
            var endpoints: [HostPort] = []
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                endpoints.append(try parse("each endpoint", part, HostPort.init(parsing:)))
            }
            return .fixed(endpoints)
        }
        guard let at = text.firstIndex(of: "@") else {
            return .nomad(service: try parse("SERVICE", text, Name.service(parsing:)), namespace: nil)
        }
        return .nomad(
            service: try parse("SERVICE", text[..<at], Name.service(parsing:)),
            namespace: try parse("NAMESPACE", text[text.index(after: at)...], Name.namespace(parsing:))
        )
    }

    /// Parses a part of the value; its error says which part.
    private static func parse<Value>(
        _ part: String,
        _ text: Substring,
        _ parse: (String) throws(InvalidValue) -> Value
    ) throws(InvalidValue) -> Value {
        do {
            return try parse(String(text))
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
