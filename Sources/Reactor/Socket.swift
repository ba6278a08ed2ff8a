import CURing
import Glibc

/// System calls on TCP and unix stream sockets that finish at once and so need no operation of a driver.
public enum Socket {
    /// A non-blocking, close-on-exec stream socket, or a negated `errno`.
    public static func stream(family: Int32) -> Int32 {
        let type = Int32(bitPattern: SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, type, 0)
        return descriptor < 0 ? -errno : descriptor
    }

    /// Whether it is a unix-domain socket (socket(7), SO_DOMAIN).
    static func isUnix(_ descriptor: Int32) -> Bool {
        var domain: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == AF_UNIX
    }

    /// Takes one queued connection without waiting: a descriptor like those of ``stream(family:)``, or a negated `errno`.
    public static func accept(_ listener: Int32) -> Int32 { fanout_accept(listener) }

    /// A descriptor of no use but to be closed when there are no others, or -1.
    public static func spare() -> Int32 { unsafe open("/dev/null", O_RDONLY | O_CLOEXEC) }

    /// Small segments are not held back (TCP_NODELAY, tcp(7)); accepted sockets inherit that from their listener.
    /// Failures are ignored, as those of ``keepAlive(_:seconds:)``: they cost comfort, not correctness.
    public static func sendAtOnce(_ descriptor: Int32) { set(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1) }

    /// After so many seconds in which the peer was silent, a probe; then four more, a quarter of that apart (tcp(7)).
    public static func keepAlive(_ descriptor: Int32, seconds: Int32) {
        set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1)
        // The last of the times that are set starts the clock, which looks at how long the peer has been silent already.
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPINTVL, max(1, seconds / 4))
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPCNT, 4)
        set(descriptor, Int32(IPPROTO_TCP), TCP_KEEPIDLE, seconds)
    }

    /// Sends a FIN and leaves the other direction open (shutdown(2)); 0 or a negated `errno`.
    public static func finish(_ descriptor: Int32) -> Int32 {
        shutdown(descriptor, Int32(SHUT_WR)) == 0 ? 0 : -errno
    }

    /// Closes; what was accepted for sending is still sent.
    public static func closeGracefully(_ descriptor: Int32) {
        _ = close(descriptor)
    }

    /// Closes with a reset; what was not sent yet is thrown away (socket(7), SO_LINGER with 0 seconds).
    /// A unix-domain peer sees an ordinary end instead, unless it left input unread here.
    public static func closeWithReset(_ descriptor: Int32) {
        var linger = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        _ = close(descriptor)
    }

    /// Bytes that the peer's kernel has not acknowledged yet; 0 where that cannot be told. Keeps its value when the
    /// connection is reset: ask ``isOver(_:)`` too.
    public static func unsentBytes(_ descriptor: Int32) -> Int {
        max(0, Int(fanout_unsent_bytes(descriptor)))
    }

    /// Whether the peer has ended its stream and everything before that has been read.
    public static func isAtEnd(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        return unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) == 0
    }

    /// Whether the peer has sent something that was not read yet.
    public static func hasUnread(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        return unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) > 0
    }

    /// Whether the connection is gone, by a reset for example: it has no peer any more (getpeername(2), ENOTCONN).
    /// Not POLLHUP: that is set as soon as both streams have ended, with bytes still to be sent.
    public static func isOver(_ descriptor: Int32) -> Bool { peer(of: descriptor) == nil }

    /// Connects (connect(2)): 0 if that is done, `-EALREADY` while it is under way, or a negated `errno`.
    ///
    /// The handshake of a connection to this very machine is mostly over when the first call returns, and a second one tells.
    @inlinable @inline(__always)
    public static func connectAtOnce(_ descriptor: Int32, to address: UnsafePointer<SocketAddress>) -> Int32 {
        let code = unsafe fanout_connect(descriptor, address, address.pointee.length)
        guard code == -EINPROGRESS || code == -EINTR else { return code }
        return unsafe fanout_connect(descriptor, address, address.pointee.length)
    }

    /// Begins to connect a socket of ``stream(family:)``; false if that has failed already.
    public static func startConnect(_ descriptor: Int32, to address: SocketAddress) -> Bool {
        unsafe address.withSockaddr { unsafe connect(descriptor, $0, $1) } == 0 || errno == EINPROGRESS
    }

    /// What became of it: 0, an `errno`, or nil while it is under way.
    public static func finishedConnect(_ descriptor: Int32) -> Int32? {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return unsafe poll(&entry, 1, 0) > 0 ? takeError(descriptor) : nil
    }

    /// The error that is pending on the socket, which is gone with that; 0 if there is none (SO_ERROR, socket(7)).
    public static func takeError(_ descriptor: Int32) -> Int32 {
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let code = unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
        return code == 0 ? error : errno
    }

    /// Whether the socket has connected to itself: retries toward a local port in the ephemeral range on which nobody
    /// listens may draw that very port (a simultaneous open, RFC 9293, section 3.5).
    ///
    /// - Parameter port: that it was connected to.
    public static func isSelfConnected(_ descriptor: Int32, port: UInt16) -> Bool {
        guard let local = local(of: descriptor), local.port == port else { return false }
        return peer(of: descriptor) == local
    }

    /// The address of the other end, nil when it has gone.
    public static func peer(of descriptor: Int32) -> SocketAddress? {
        unsafe address { unsafe getpeername(descriptor, $0, $1) }
    }

    /// The address that the socket is bound to.
    public static func local(of descriptor: Int32) -> SocketAddress? {
        unsafe address { unsafe getsockname(descriptor, $0, $1) }
    }

    private static func address(
        _ call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> SocketAddress? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let code = unsafe withUnsafeMutableBytes(of: &storage) { bytes -> Int32 in
            guard let base = bytes.baseAddress else { return -1 }
            return unsafe call(base.assumingMemoryBound(to: sockaddr.self), &length)
        }
        return code == 0 ? SocketAddress(copying: storage, length: length) : nil
    }

    /// An empty pipe of about that size (pipe2(2), F_SETPIPE_SZ), nil when there is none.
    public static func pipe(bytes: Int32) -> (readEnd: Int32, writeEnd: Int32)? {
        var ends: (Int32, Int32) = (-1, -1)
        let code = unsafe withUnsafeMutableBytes(of: &ends) { memory -> Int32 in
            unsafe fanout_pipe(memory.assumingMemoryBound(to: Int32.self).baseAddress, bytes)
        }
        return code == 0 ? ends : nil
    }

    /// Moves bytes between a socket and a pipe, of which one is the source (splice(2)), without waiting: the number of
    /// bytes, 0 at the end of the stream, or a negated `errno`.
    @inline(__always)
    public static func splice(from source: Int32, to destination: Int32, count: UInt32) -> Int32 {
        fanout_splice(source, destination, count)
    }

    @discardableResult
    static func set(_ descriptor: Int32, _ level: Int32, _ option: Int32, _ value: Int32) -> Int32 {
        var value = value
        let code = unsafe setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        return code == 0 ? 0 : -errno
    }

    /// recv(2) of what is there now: bytes, 0 at the end of the stream, or a negated `errno`.
    @inlinable @inline(__always)
    public static func receive(_ socket: Int32, _ buffer: UnsafeMutableRawPointer, _ size: Int) -> Int32 {
        unsafe fanout_receive(socket, buffer, size)
    }

    /// send(2) of what the socket takes now: bytes, or a negated `errno`.
    @inlinable @inline(__always)
    public static func send(_ socket: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int32 {
        unsafe fanout_send(socket, bytes, count)
    }
}
