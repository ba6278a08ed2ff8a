import FoundationEssentials

/// Which of the agent's doors a request came through; they differ in authentication, error texts and encoding.
public enum Door: String, Sendable, CaseIterable {
    /// The unix socket of the task API: always authenticates, never compresses.
    case taskAPI = "task"
    /// The agent's HTTP port.
    case tcp
}

/// Who a request turned out to be.
enum Identity: Sendable {
    /// ACLs are off, or a workload reads: any single namespace may be read.
    case unrestricted
    case workload
    case policy(AccessPolicy)

    func mayRead(_ namespace: String) -> Bool {
        switch self {
        case .unrestricted, .workload: true
        case .policy(let policy): policy.mayRead(namespace)
        }
    }

    /// Listing over all namespaces needs `read-job` in each of them, which a workload does not imply.
    func mayListAcrossNamespaces(_ namespace: String) -> Bool {
        switch self {
        case .unrestricted: true
        case .workload: false
        case .policy(let policy): policy.mayRead(namespace)
        }
    }
}

enum Authentication: Sendable {
    case accepted(Identity)
    /// `delay` in Nomad seconds passes before the refusal.
    case refused(Answer, delay: Double)
}

/// The tokens the double knows.
struct TokenRegistry: Sendable {
    private static let signingKeyWait = 1.0

    var policies: [String: AccessPolicy] = [:]
    var workloads: [String: WorkloadToken] = [:]
    var endedAllocations: Set<String> = []

    func authenticate(_ token: String?, door: Door, settings: Settings) -> Authentication {
        guard let token, !token.isEmpty else { return authenticateAnonymous(door, settings) }
        let isValidWorkload = workloads[token].map(isAlive) ?? false
        guard settings.isAccessControlEnabled else {
            let isRefused = door == .taskAPI && settings.version == .before17 && !isValidWorkload
            return isRefused ? .refused(.forbidden, delay: 0) : .accepted(.unrestricted)
        }
        if let policy = policies[token] { return .accepted(.policy(policy)) }
        if isValidWorkload { return .accepted(.workload) }
        switch door {
        case .tcp:
            return .refused(.permissionDenied, delay: delay(for: token))
        case .taskAPI:
            let isAccessorShaped = UUID(uuidString: token) != nil
            return .refused(isAccessorShaped ? .forbidden : .authenticationFailed, delay: delay(for: token))
        }
    }

    private func authenticateAnonymous(_ door: Door, _ settings: Settings) -> Authentication {
        switch door {
        case .taskAPI: return .refused(.unauthorized, delay: 0)
        case .tcp: return .accepted(settings.isAccessControlEnabled ? .policy(.none) : .unrestricted)
        }
    }

    private func isAlive(_ token: WorkloadToken) -> Bool {
        let isExpired = token.expiry.map { Double($0) <= Date().timeIntervalSince1970 } ?? false
        return token.isSigningKeyKnown && !isExpired && !endedAllocations.contains(token.allocID)
    }

    private func delay(for token: String) -> Double {
        workloads[token]?.isSigningKeyKnown == false ? Self.signingKeyWait : 0
    }
}
