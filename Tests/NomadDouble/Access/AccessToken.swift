import FoundationEssentials

/// What an ACL token may read; workload identities need no policy for a single service.
public enum AccessPolicy: Sendable, Equatable {
    case management
    case readJob(namespaces: Set<String>)
    case none

    func mayRead(_ namespace: String) -> Bool {
        switch self {
        case .management: true
        case .readJob(let namespaces): namespaces.contains(namespace)
        case .none: false
        }
    }
}

/// A workload identity as Nomad signs it for a task, except that the signature is random bytes.
///
/// It has the three base64url parts and the claims of a real one; the double accepts it because it knows the text.
public struct WorkloadToken: Sendable, Equatable {
    public let text: String
    public let allocID: String
    /// Seconds since 1970; the default identity never expires.
    public let expiry: Int?
    /// `false`: verification waits a second for the key, then fails (`waitForPublicKey`).
    public let isSigningKeyKnown: Bool

    public init(
        allocID: String? = nil,
        task: String = "fanout",
        job: String = "example",
        namespace: String = "default",
        expiresIn seconds: Int? = nil,
        isSigningKeyKnown: Bool = true
    ) {
        let allocation = allocID ?? newUUID()
        let now = Int(Date().timeIntervalSince1970)
        self.allocID = allocation
        self.expiry = seconds.map { now + $0 }
        self.isSigningKeyKnown = isSigningKeyKnown
        var claims: [(key: String, value: [UInt8])] = [("aud", JSONText.string("nomadproject.io"))]
        if let expiry { claims.append(("exp", Array(String(expiry).utf8))) }
        claims += [
            ("iat", Array(String(now).utf8)),
            ("jti", JSONText.string(newUUID())),
            ("nbf", Array(String(now).utf8)),
            ("nomad_allocation_id", JSONText.string(allocation)),
            ("nomad_job_id", JSONText.string(job)),
            ("nomad_namespace", JSONText.string(namespace)),
            ("nomad_task", JSONText.string(task)),
            ("sub", JSONText.string("global:\(namespace):\(job):\(task):\(task):default")),
        ]
        let header = JSONText.object([
            ("alg", JSONText.string("RS256")), ("kid", JSONText.string(newUUID())), ("typ", JSONText.string("JWT")),
        ])
        let signature = (0..<256).map { _ in UInt8.random(in: .min ... .max) }
        text = [header, JSONText.object(claims), signature].map(Self.base64URL).joined(separator: ".")
    }

    private static func base64URL(_ bytes: [UInt8]) -> String {
        String(
            Data(bytes).base64EncodedString().compactMap { character -> Character? in
                switch character {
                case "+": "-"
                case "/": "_"
                case "=": nil
                default: character
                }
            }
        )
    }
}
