import Glibc

/// Waits until `condition` holds; false after ten seconds.
func waitUntil(_ condition: () -> Bool) -> Bool {
    for _ in 0..<5_000 {
        if condition() { return true }
        usleep(2_000)
    }
    return condition()
}

/// A path for a unix socket that no other test process uses.
func temporaryPath(_ name: String) -> String {
    let folder = unsafe getenv("TMPDIR").map { unsafe String(cString: $0) } ?? "/var/tmp"
    return "\(folder)/traffic-\(getpid())-\(name)"
}
