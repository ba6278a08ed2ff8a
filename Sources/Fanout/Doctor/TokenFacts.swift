import FoundationEssentials

extension TokenFacts {
    /// What a reading of the token tells without telling the token.
    init(
        _ reading: WorkloadIdentity.Reading,
        explicitFile: String?,
        environment: [String: String],
        isDemanded: Bool
    ) {
        let source = TokenSource(explicitFile: explicitFile, environment: environment)
        let status = source.file.flatMap(FileStatus.of)
        let state: State =
            switch reading {
            case .token(let text): .found(expiry: WebToken.expiry(of: text))
            case .absent: .absent
            case .halfWritten: .malformed
            case .unreadable(let error): error.isMissingFile && !source.isExplicit ? .absent : .unreadable(error)
            }
        self.init(
            // NOMAD_TOKEN serves while the file of the secrets folder is missing.
            file: status == nil && !source.isExplicit && state.isFound ? nil : source.file,
            state: state,
            mode: status?.mode,
            isExplicit: source.isExplicit,
            isDemanded: isDemanded,
            now: Timestamp.now() / 1_000_000_000
        )
    }
}

extension TokenFacts.State {
    fileprivate var isFound: Bool {
        switch self {
        case .found: true
        case .absent, .malformed, .unreadable: false
        }
    }
}

/// The part of a JSON Web Token that anybody may read (RFC 7519).
enum WebToken {
    private struct Claims: Decodable {
        let exp: Double?
    }

    /// Seconds since 1970; nil for a token that does not expire, or is none. The signature is Nomad's to check.
    static func expiry(of token: String) -> UInt64? {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        // Base64 as in URLs, without its padding (RFC 7515, section 2).
        var text = String(parts[1]).replacing("-", with: "+").replacing("_", with: "/")
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        guard let payload = Data(base64Encoded: text),
            let claims = try? JSONDecoder().decode(Claims.self, from: payload)
        else { return nil }
        return claims.exp.flatMap { UInt64(exactly: $0.rounded(.down)) }
    }
}
