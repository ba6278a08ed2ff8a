import Glibc

/// Writes a token file the way Nomad does: the same inode truncated, then written, without a newline at the end.
///
/// Go's `os.WriteFile` is not atomic, so a reader may see nothing or a prefix.
public enum TokenFile {
    /// Writes `token` to `path`, created with `mode` if absent; may be called from any thread.
    ///
    /// `pause` milliseconds pass after the truncation, and again after the first half if `splits` is set, to let a
    /// reader see the file incomplete.
    public static func write(
        _ token: String,
        to path: String,
        mode: mode_t = 0o600,
        pause milliseconds: UInt32 = 0,
        splits: Bool = false
    ) throws(SystemFailure) {
        let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemFailure(doing: "write the token file \(path)") }
        defer { close(descriptor) }
        usleep(milliseconds * 1000)
        let bytes = Array(token.utf8)
        let middle = splits ? bytes.count / 2 : bytes.count
        for part in [bytes[..<middle], bytes[middle...]] where !part.isEmpty {
            if part.startIndex > 0 { usleep(milliseconds * 1000) }
            let written = unsafe part.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written == part.count else { throw SystemFailure(doing: "write the token file \(path)") }
        }
    }
}
