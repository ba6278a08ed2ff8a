import Glibc

/// A bound and listening unix socket, made by hand because NIO would unlink the path on every close.
enum UnixSocket {
    /// Answers the descriptor, which the caller owns; whatever was at `path` is removed, as Nomad does.
    static func listen(at path: String, mode: mode_t, backlog: Int32) throws(SystemFailure) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard bytes.count <= capacity else {
            throw SystemFailure("the socket path \(path) is \(bytes.count) bytes long, the limit is \(capacity)")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }

        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw SystemFailure(doing: "make a unix socket") }
        unsafe _ = unlink(path)
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let bound = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, length) }
        }
        guard bound == 0, unsafe chmod(path, mode) == 0, Glibc.listen(descriptor, backlog) == 0 else {
            let failure = SystemFailure(doing: "listen at \(path)")
            close(descriptor)
            throw failure
        }
        return descriptor
    }
}
