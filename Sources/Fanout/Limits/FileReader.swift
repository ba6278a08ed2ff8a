import Glibc

/// Reads a small text file, nil when it cannot be read; a closure, so that tests can show other machines.
typealias FileReader = (_ path: String) -> String?

/// Files under /proc and /sys, whose sizes are known only by reading them.
enum SystemFile {
    /// More than the longest mount table that makes sense.
    private static let longest = 1 << 20
    private static let chunk = 4096

    static func read(_ path: String) -> String? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        while bytes.count < longest {
            var isAtEnd = false
            let part = unsafe [UInt8](unsafeUninitializedCapacity: chunk) { buffer, count in
                let result = unsafe Glibc.read(descriptor, buffer.baseAddress, chunk)
                count = max(0, result)
                isAtEnd = result <= 0
            }
            bytes.append(contentsOf: part)
            if isAtEnd { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
