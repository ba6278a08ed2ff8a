import CURing
import Glibc

/// The listening descriptors behind one local address: one for each worker, or one for all on a unix socket.
///
/// TCP: the first descriptor is bound and listening *before* it gets SO_REUSEPORT, so that an address that
/// anybody listens on is refused (EADDRINUSE) although SO_REUSEPORT would share it; the others then join it.
/// Unix: SO_REUSEPORT does not exist there, every worker accepts from the same descriptor.
public struct ListeningSocket: Sendable {
    /// Connections the kernel may hold before a worker takes them, bounded by net.core.somaxconn (listen(2)).
    public static let backlog: Int32 = 16_384

    /// The bound address, with the real port where 0 was asked for.
    public let address: SocketAddress
    /// Whether IPv4 connections arrive on an IPv6 socket.
    public let isDualStack: Bool
    /// One descriptor a worker; the same one repeated for a unix socket.
    public let descriptors: [Int32]

    public var isUnix: Bool { address.family == AF_UNIX }

    /// - Parameter dualStack: for the IPv6 wildcard address: accept IPv4 too (ipv6(7), IPV6_V6ONLY).
    public init(_ wanted: SocketAddress, workers: Int, dualStack: Bool) throws(SystemError) {
        isDualStack = dualStack
        if wanted.family == AF_UNIX {
            let descriptor = try Self.bindUnix(wanted)
            address = wanted
            descriptors = Array(repeating: descriptor, count: workers)
            return
        }
        let first = try Self.open(wanted, dualStack: dualStack, shared: false)
        guard let bound = Socket.local(of: first) else {
            let error = SystemError.last("getsockname")
            Socket.closeGracefully(first)
            throw error
        }
        var all = [first]
        do throws(SystemError) {
            let code = Socket.set(first, SOL_SOCKET, SO_REUSEPORT, 1)
            guard code == 0 else { throw SystemError("setsockopt of SO_REUSEPORT", errno: -code) }
            for _ in 1..<max(1, workers) {
                all.append(try Self.open(bound, dualStack: dualStack, shared: true))
            }
        } catch {
            for descriptor in all { Socket.closeGracefully(descriptor) }
            throw error
        }
        address = bound
        descriptors = all
    }

    private static func open(
        _ address: SocketAddress,
        dualStack: Bool,
        shared: Bool
    ) throws(SystemError) -> Int32 {
        let descriptor = Socket.stream(family: address.family)
        guard descriptor >= 0 else { throw SystemError("socket", errno: -descriptor) }
        // Only TIME_WAIT is forgiven by this, never another listener (socket(7)).
        Socket.set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if address.family == AF_INET6 {
            Socket.set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, dualStack ? 0 : 1)
        }
        if shared { Socket.set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
        Socket.sendAtOnce(descriptor)
        if address.isLoopback && CongestionControl.isPaced { CongestionControl.doNotPace(descriptor) }
        try bindAndListen(descriptor, address)
        return descriptor
    }

    private static func bindAndListen(_ descriptor: Int32, _ address: SocketAddress) throws(SystemError) {
        guard unsafe address.withSockaddr({ unsafe bind(descriptor, $0, $1) }) == 0 else {
            let error = SystemError.last("bind")
            Socket.closeGracefully(descriptor)
            throw error
        }
        guard listen(descriptor, backlog) == 0 else {
            let error = SystemError.last("listen")
            Socket.closeGracefully(descriptor)
            throw error
        }
    }

    /// Binds a unix socket; a file left by a process that is gone is replaced, a live listener is not.
    private static func bindUnix(_ address: SocketAddress) throws(SystemError) -> Int32 {
        let probe = Socket.stream(family: AF_UNIX)
        guard probe >= 0 else { throw SystemError("socket", errno: -probe) }
        let code = unsafe address.withSockaddr { unsafe connect(probe, $0, $1) }
        let reason = errno
        Socket.closeGracefully(probe)
        if code == 0 || reason == EAGAIN { throw SystemError("bind", errno: EADDRINUSE) }
        // An ordinary file refuses as well (unix(7)): only a socket may be a dead process's.
        if reason == ECONNREFUSED, let path = address.path, isSocket(path) { _ = unsafe unlink(path) }

        let descriptor = Socket.stream(family: AF_UNIX)
        guard descriptor >= 0 else { throw SystemError("socket", errno: -descriptor) }
        try bindAndListen(descriptor, address)
        return descriptor
    }

    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    /// From now on refuses new connections and keeps those that the kernel has already accepted. A socket file goes
    /// now, not at the end: by then it may be a successor's.
    public func refuseNewConnections() {
        if isUnix {
            removeFile()
            if let first = descriptors.first { shutdown(first, Int32(SHUT_RD)) }
        } else {
            for descriptor in descriptors { _ = fanout_refuse_new_connections(descriptor) }
        }
    }

    /// Nobody finds a unix socket from now on; nothing for an address.
    public func removeFile() {
        if isUnix, let path = address.path { _ = unsafe unlink(path) }
    }
}
