import Glibc
import Reactor

/// The system calls around the state file: read as a whole, replaced as a whole.
struct StateFile: Sendable {
    /// The longest file that is read: 10,000 endpoints of each of some services.
    static let longest = 64 << 20

    /// For the folder, in milliseconds; a write takes a few.
    private static let longestWait: Int32 = 1_000
    private static let lockPause: Int32 = 5

    let path: String

    /// The new content, until it takes the place of the old one; beside it, so that a rename does that.
    private var draft: String { path + ".new" }

    private var folder: String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Nil when there is none yet.
    func read() throws(SystemError) -> [UInt8]? {
        // Without O_NONBLOCK a FIFO under this name would stop the thread.
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .last("open \(path)")
        }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw .last("fstat \(path)") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw SystemError("read \(path) (not a regular file)", errno: EINVAL)
        }
        guard status.st_size <= Self.longest else { throw SystemError("read \(path)", errno: EFBIG) }
        let size = Int(status.st_size)
        var failure: SystemError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = unsafe Glibc.read(file, buffer.baseAddress.map { unsafe $0 + count }, size - count)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = .last("read \(path)") }
                guard got > 0 else { return }
                count += got
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Runs `body` while no other that asks for the same does: who reads the file and replaces it loses nothing that another
    /// has written in between. It holds the folder (flock(2)), because the file itself is another one after each write.
    ///
    /// Throws after ``longestWait`` too; where nothing can be held, it goes on without.
    func exclusively(_ body: () throws -> Void) throws {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return try body() }
        defer { close(descriptor) }
        var waited: Int32 = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK || errno == EINTR {
            guard waited < Self.longestWait else { throw SystemError("flock \(folder)", errno: EWOULDBLOCK) }
            _ = poll(nil, 0, Self.lockPause)
            waited += Self.lockPause
        }
        try body()
    }

    /// Replaces the file: whoever reads it, also after a crash at any moment, finds the old content or the new one.
    func write(_ bytes: [UInt8]) throws(SystemError) {
        _ = unsafe unlink(draft)
        let file = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .last("open \(draft)") }
        do throws(SystemError) {
            defer { close(file) }
            try Self.writeAll(bytes, to: file, draft)
            guard fsync(file) == 0 else { throw .last("fsync \(draft)") }
        } catch {
            _ = unsafe unlink(draft)
            throw error
        }
        guard unsafe rename(draft, path) == 0 else {
            let error = SystemError.last("rename \(draft)")
            _ = unsafe unlink(draft)
            throw error
        }
        syncFolder()
    }

    private static func writeAll(_ bytes: [UInt8], to file: Int32, _ path: String) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(file, buffer.baseAddress.map { unsafe $0 + done }, bytes.count - done)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .last("write \(path)") }
            done += count
        }
    }

    /// Makes the rename last. A file system that cannot do that has done what it can.
    private func syncFolder() {
        let descriptor = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        close(descriptor)
    }
}
