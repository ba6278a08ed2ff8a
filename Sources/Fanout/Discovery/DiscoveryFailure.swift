/// Why a query of the Nomad API yielded nothing that may be used.
enum DiscoveryFailure: Error, Equatable, Sendable {
    /// The phase of a request that took too long.
    enum Phase: String, Sendable { case connect, send, answer, body }

    /// No connection; `agentAbsent` if the agent's unix socket is missing or nobody listens there.
    case unreachable(String, agentAbsent: Bool)
    case timedOut(Phase)
    /// The connection ended, or its bytes were not HTTP, before an answer was complete.
    case brokenConnection(String)
    /// The announced or received body is beyond ``NomadConnection/longestBody``.
    case oversizedBody
    /// The body is not a list of registrations.
    case invalidBody(String)
    /// `X-Nomad-Index` is missing, 0 or no number: not an answer of the state store.
    case invalidIndex(String)
    /// 401 or 403, or 500 while authenticating: no, a wrong, or an outdated token. Transient in an agent's shutdown.
    case refused(status: Int, body: String)
    /// The token file is missing, unreadable or empty.
    case noToken(String)
    /// 429.
    case throttled
    /// Another status that says that the request, or the address, is wrong: repeating it is unlikely to help.
    case rejected(status: Int, body: String)
    /// 5xx and anything else that may pass.
    case unavailable(status: Int, body: String)
    /// The query was given up on purpose: shutdown or refresh.
    case abandoned

    /// A stable word for each kind, the `reason` label of `discovery_errors_total`.
    enum Reason: String, CaseIterable, Sendable {
        case unreachable, timeout
        case brokenConnection = "broken_connection"
        case oversizedBody = "oversized_body"
        case invalidBody = "invalid_body"
        case invalidIndex = "invalid_index"
        case refused
        case noToken = "no_token"
        case throttled, rejected, unavailable, abandoned
    }

    var reason: Reason {
        switch self {
        case .unreachable: .unreachable
        case .timedOut: .timeout
        case .brokenConnection: .brokenConnection
        case .oversizedBody: .oversizedBody
        case .invalidBody: .invalidBody
        case .invalidIndex: .invalidIndex
        case .refused: .refused
        case .noToken: .noToken
        case .throttled: .throttled
        case .rejected: .rejected
        case .unavailable: .unavailable
        case .abandoned: .abandoned
        }
    }

    /// Whether a fresh token may cure it.
    var concernsToken: Bool {
        switch self {
        case .refused, .noToken: true
        case .unreachable, .timedOut, .brokenConnection, .oversizedBody, .invalidBody, .invalidIndex, .throttled,
            .rejected, .unavailable, .abandoned:
            false
        }
    }

    /// Sorts an answer other than 200. The task API authenticates before all else and says
    /// `Server error authenticating request` for outdated tokens too (`http.go`, `authMiddleware`).
    init(status: Int, body: String) {
        self =
            switch status {
            case 401, 403: .refused(status: status, body: body)
            case 429: .throttled
            case 408, 425: .unavailable(status: status, body: body)
            case 300...499: .rejected(status: status, body: body)
            case _ where body.contains("authenticating"): .refused(status: status, body: body)
            case _: .unavailable(status: status, body: body)
            }
    }
}

extension DiscoveryFailure: CustomStringConvertible {
    var description: String {
        switch self {
        case .unreachable(let why, _): why
        case .timedOut(let phase): "no progress in time (\(phase.rawValue))"
        case .brokenConnection(let why): why
        case .oversizedBody: "the answer is longer than \(NomadConnection.longestBody) bytes"
        case .invalidBody(let why): "the answer is no list of service registrations: \(why)"
        case .invalidIndex(let value): "the answer's X-Nomad-Index is \(value)"
        case .refused(let status, let body), .rejected(let status, let body), .unavailable(let status, let body):
            "HTTP \(status) \(body)"
        case .noToken(let why): "no token: \(why)"
        case .throttled: "HTTP 429"
        case .abandoned: "given up"
        }
    }

    /// What an operator can do about it, with the line of the job file where there is one; nil if only waiting helps.
    var hint: String? {
        switch self {
        case .refused, .noToken:
            "give the task a workload identity with `identity { file = true }` (Nomad 1.5 or later), "
                + "or a valid token by --token-file or NOMAD_TOKEN"
        case .unreachable(_, agentAbsent: true):
            "the agent is restarting, or never made the socket: it needs Nomad 1.5 or later and a socket path of at "
                + "most 107 bytes on the host (shorten data_dir or the task's name)"
        case .unreachable(_, agentAbsent: false):
            "check --nomad-address or NOMAD_ADDR; in bridge mode 127.0.0.1 is the allocation itself"
        case .rejected:
            "check that --nomad-address or NOMAD_ADDR is a Nomad API, and the service, namespace and region"
        case .throttled:
            "raise http_max_conns_per_client in the agent's `limits` block, or use the task API's socket"
        case .timedOut, .brokenConnection, .oversizedBody, .invalidBody, .invalidIndex, .unavailable, .abandoned:
            nil
        }
    }
}
