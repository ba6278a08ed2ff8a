import CURing

/// The version that `fanout --version` prints, and the commit that it was built from.
enum Version {
    static let current = "0.1.0"
    /// `unknown` where the build was not told.
    static var commit: String { unsafe String(cString: fanout_commit()) }
}
