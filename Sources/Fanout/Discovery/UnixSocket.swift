import Glibc
import Reactor

/// A connected unix stream socket.
enum UnixSocket {
    /// Connects by path without blocking; the caller owns the descriptor.
    ///
    /// Done here because SwiftNIO 2.101 takes paths of at most 103 bytes and Nomad makes sockets with up to 107.
    /// A unix connect never waits: it succeeds or fails at once, with `EAGAIN` on a full backlog (unix(7)).
    static func connect(_ path: String) throws(SystemError) -> Int32 {
        guard let address = Reactor.SocketAddress(unixPath: path) else {
            throw SystemError("connect \(path)", errno: ENAMETOOLONG)
        }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw .last("socket") }
        guard unsafe address.withSockaddr({ unsafe Glibc.connect(descriptor, $0, $1) }) == 0 else {
            let error = SystemError.last("connect")
            close(descriptor)
            throw error
        }
        return descriptor
    }
}
