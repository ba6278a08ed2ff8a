import Glibc

/// One message to a unix datagram socket, from a socket that exists for this alone.
public enum Datagram {
    /// Does not block: a full queue is an error. `SystemError` says why nothing was sent.
    public static func send(_ text: String, to address: SocketAddress) throws(SystemError) {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, type, 0)
        guard descriptor >= 0 else { throw .last("socket") }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        let flags = Int32(MSG_NOSIGNAL | MSG_DONTWAIT)
        let count = unsafe address.withSockaddr { unsafe sendto(descriptor, bytes, bytes.count, flags, $0, $1) }
        guard count == bytes.count else { throw .last("sendto") }
    }
}
