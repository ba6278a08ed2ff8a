import Glibc
import Reactor

/// The system calls around a token file.
enum TokenFile {
    /// The longest file that is read: tokens have about 1 KiB, and a header must hold one.
    static let longest = 16 * 1024

    /// What changes when the file is rewritten or replaced.
    struct Stamp: Equatable {
        let seconds: Int
        let nanoseconds: Int
        let size: Int
        let inode: UInt

        fileprivate init(_ status: stat) {
            seconds = Int(status.st_mtim.tv_sec)
            nanoseconds = Int(status.st_mtim.tv_nsec)
            size = Int(status.st_size)
            inode = UInt(status.st_ino)
        }
    }

    static func stamp(of path: String) -> Result<Stamp, SystemError> {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return .failure(.last("stat \(path)")) }
        return .success(Stamp(status))
    }

    /// Reads the file, which is an error if it is longer than ``longest``: a part of a token is none. The stamp was
    /// taken before the bytes, so that a write in between shows at the next look.
    static func read(_ path: String) -> Result<([UInt8], Stamp), SystemError> {
        // Without O_NONBLOCK a FIFO under this name would stop the thread.
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return .failure(.last("open \(path)")) }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { return .failure(.last("fstat \(path)")) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            return .failure(SystemError("read \(path) (not a regular file)", errno: EINVAL))
        }
        // At once, not piece by piece: between two reads the file may be written anew, and the pieces be of two tokens.
        // A short read of a regular file is its end (read(2)).
        var failure: SystemError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: longest + 1) { buffer, count in
            var got: Int
            repeat { got = unsafe Glibc.read(file, buffer.baseAddress, buffer.count) } while got < 0 && errno == EINTR
            if got < 0 { failure = .last("read \(path)") }
            count = max(0, got)
        }
        if let failure { return .failure(failure) }
        guard bytes.count <= longest else { return .failure(SystemError("read \(path)", errno: EFBIG)) }
        return .success((bytes, Stamp(status)))
    }
}
