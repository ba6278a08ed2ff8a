import CURing

/// The version that `fanout --version` prints, and the commit that it was built from.
enum Version {
    /// The first one in CHANGELOG.md (`scripts/fanout lint`).
    static let current = "0.1.0"

    private static let unknown = "unknown"

    /// `unknown` where the build was not told.
    static var commit: String { unsafe String(cString: fanout_commit()) }

    /// `0.1.0 (1f2e3d4c5b6a)`.
    static var text: String { commit == unknown ? current : "\(current) (\(commit))" }
}
