import Reactor

/// The token that requests carry, read again whenever its file changes.
///
/// Nomad rewrites the file in place, truncate and write (`WriteFileFor`), so a reader can see nothing or a part of
/// it. Confined to the discovery thread. Its contents never appear in logs or errors.
final class WorkloadIdentity {
    /// What a look at the token yields.
    enum Reading: Equatable {
        case token(String)
        /// Nothing names a token.
        case absent
        /// The file is being rewritten, and no earlier token is known: look again after ``rewriteDelay``.
        case halfWritten
        case unreadable(SystemError)
    }

    /// How a re-read of the file ended, also the `result` label of `token_refreshes_total`.
    enum Refresh: String, CaseIterable, Sendable {
        case changed, unchanged
        case halfWritten = "half_written"
        case unreadable
    }

    /// How long after a half-written file it is worth looking again.
    static let rewriteDelay = Duration.milliseconds(50)

    private let path: String?
    private let fixedToken: String?
    private let onRefresh: (Refresh) -> Void
    private var token: String?
    private var stamp: TokenFile.Stamp?

    /// The token of a ``TokenSource``; `onRefresh` is told how each re-read of the file ended.
    init(explicitFile: String?, environment: [String: String], onRefresh: @escaping (Refresh) -> Void) {
        let source = TokenSource(explicitFile: explicitFile, environment: environment)
        path = source.file
        fixedToken = source.fixedToken
        self.onRefresh = onRefresh
    }

    /// The token for the next request: one stat(2), and a read if the file has changed since the last one.
    func current() -> Reading {
        guard let path else { return fixedToken.map(Reading.token) ?? .absent }
        switch TokenFile.stamp(of: path) {
        case .success(let found) where found == stamp && token != nil:
            return token.map(Reading.token) ?? .absent
        case .success, .failure:
            return reload()
        }
    }

    /// Reads the file now, changed or not: after a refusal, and when the operator asks.
    @discardableResult
    func reload() -> Reading {
        guard let path else { return fixedToken.map(Reading.token) ?? .absent }
        switch TokenFile.read(path) {
        case .failure(let error):
            if token == nil, let fixedToken { return .token(fixedToken) }
            onRefresh(.unreadable)
            return token.map(Reading.token) ?? .unreadable(error)
        case .success(let (bytes, found)):
            guard let fresh = TokenText.wellFormed(bytes), !isPart(fresh) else {
                onRefresh(.halfWritten)
                return (token ?? fixedToken).map(Reading.token) ?? .halfWritten
            }
            stamp = found
            onRefresh(fresh == token ? .unchanged : .changed)
            token = fresh
            return .token(fresh)
        }
    }

    /// Whether `fresh` is the known token cut short: at each prestart Nomad writes the same token again.
    private func isPart(_ fresh: String) -> Bool {
        guard let token else { return false }
        return fresh.utf8.count < token.utf8.count && token.hasPrefix(fresh)
    }
}
