/// A read of one service's registrations: `GET /v1/service/NAME`.
struct NomadRequest: Equatable, Sendable {
    let service: String
    let namespace: String
    /// The agent's own if nil.
    let region: String?
    /// Whether any server may answer, not the leader alone.
    let stale: Bool
    /// Blocks until the table's index exceeds this, nil to be answered at once.
    let index: UInt64?
    /// How long a blocking read may take; Nomad caps it at 300 s and adds up to a sixteenth (`blockingRPC`).
    let wait: Duration

    /// The request target.
    var target: String {
        var query: [String] = []
        if let index { query.append("index=\(index)") }
        query.append("namespace=\(PercentEncoding.encode(namespace))")
        if let region { query.append("region=\(PercentEncoding.encode(region))") }
        if stale { query.append("stale=") }
        if index != nil { query.append("wait=\(wait.wholeMilliseconds)ms") }
        return "/v1/service/\(PercentEncoding.encode(service))?\(query.joined(separator: "&"))"
    }
}

/// How long each phase of a request may take.
struct RequestDeadlines: Equatable, Sendable {
    var connect = Duration.seconds(2)
    /// From the request to the end of the kernel's acceptance of it, a TLS handshake included.
    var send = Duration.seconds(10)
    /// From the request to the answer's head, for a blocking read beyond the wait.
    var answer = Duration.seconds(30)
    /// Between two pieces of a body.
    var bodyStall = Duration.seconds(10)
    /// For a whole body: a trickle that never stalls must not hold discovery for ever.
    var wholeBody = Duration.seconds(120)

    /// The deadline of the answer's head.
    func answer(to request: NomadRequest) -> Duration {
        request.index == nil ? answer : request.wait * 17 / 16 + answer
    }
}

extension Duration {
    /// Milliseconds, rounded down.
    var wholeMilliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }

    /// Nanoseconds, rounded down.
    var wholeNanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
