import CVersion

/// The version that `fanout --version` prints, and the commit it was built from.
enum Version {
    /// The first one in CHANGELOG.md (`scripts/fanout lint`).
    static let current = "0.1.0"

    /// As scripts/fanout gives it to a release build; nil otherwise.
    static var commit: String? {
        let text = unsafe String(cString: fanout_commit())
        return text.isEmpty ? nil : text
    }

    /// `0.1.0 (1f2e3d4c5b6a)`.
    static var text: String { commit.map { "\(current) (\($0))" } ?? current }
}
