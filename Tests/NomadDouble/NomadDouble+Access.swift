extension NomadDouble {
    /// Mints a workload identity that the double accepts.
    @discardableResult
    public func mintToken(
        allocID: String? = nil,
        namespace: String = "default",
        expiresIn seconds: Int? = nil,
        isSigningKeyKnown: Bool = true
    ) -> WorkloadToken {
        let token = WorkloadToken(
            allocID: allocID,
            namespace: namespace,
            expiresIn: seconds,
            isSigningKeyKnown: isSigningKeyKnown
        )
        accept(token)
        return token
    }

    /// Accepts a workload identity while it has not expired and its allocation lives.
    public func accept(_ token: WorkloadToken) {
        state.withLockedValue { $0.tokens.workloads[token.text] = token }
    }

    /// Makes an ACL token, a UUID, with this policy.
    public func makeToken(_ policy: AccessPolicy) -> String {
        let token = newUUID()
        state.withLockedValue { $0.tokens.policies[token] = policy }
        return token
    }

    /// Forgets a token of either kind: a workload identity fails from now on as one with a bad signature does.
    public func revoke(_ token: String) {
        state.withLockedValue { state in
            state.tokens.workloads[token] = nil
            state.tokens.policies[token] = nil
        }
    }

    /// Makes an allocation terminal: its identities fail from now on.
    public func endAllocation(_ allocID: String) {
        state.withLockedValue { _ = $0.tokens.endedAllocations.insert(allocID) }
    }

    /// Mints a token, writes it to `path` as Nomad does, then revokes `old`; `pause` and `splits` as in `TokenFile`.
    public func rotateToken(
        _ old: WorkloadToken?,
        file path: String,
        pause milliseconds: UInt32 = 0,
        splits: Bool = false
    ) throws(SystemFailure) -> WorkloadToken {
        let token = mintToken(allocID: old?.allocID)
        try TokenFile.write(token.text, to: path, pause: milliseconds, splits: splits)
        if let old { revoke(old.text) }
        return token
    }
}
