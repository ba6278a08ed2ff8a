import Glibc

/// What one non-blocking read or write came to.
enum Transfer: Equatable {
    case bytes(Int)
    case wouldBlock
    case end
    case failed(Int32)
}

/// The socket calls that the engines need, each a thin wrapper over one system call on a descriptor number.
///
/// Descriptors are non-blocking and close-on-exec. Failures that only a broken machine shows (no descriptors, no
/// loopback) trap with errno, so that a test run says why it cannot measure anything.
enum Socket {
    static func open(_ family: Int32) -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(family, kind, 0)
        precondition(descriptor >= 0, "socket: errno \(errno)")
        return descriptor
    }

    /// A bound, listening socket and the address with its real port; a unix path that exists is replaced.
    static func listen(
        on address: TrafficAddress,
        backlog: Int32,
        room: KernelRoom = KernelRoom()
    ) -> (descriptor: Int32, address: TrafficAddress) {
        let bound = bind(to: address)
        room.give(to: bound.descriptor)
        precondition(Glibc.listen(bound.descriptor, backlog) == 0, "listen \(address): errno \(errno)")
        return bound
    }

    /// A bound socket that does not listen, and the address with its real port.
    static func bind(to address: TrafficAddress) -> (descriptor: Int32, address: TrafficAddress) {
        let descriptor = open(address.family)
        removePath(of: address)
        // A wanted port may still be in TIME_WAIT from a server before; another listener is not forgiven (socket(7)).
        if let port = address.port, port > 0 { setOption(descriptor, SO_REUSEADDR, 1) }
        let result = unsafe address.withSocketAddress { unsafe Glibc.bind(descriptor, $0, $1) }
        precondition(result == 0, "bind \(address): errno \(errno)")
        return (descriptor, address.with(port: localPort(descriptor)))
    }

    /// Removes a unix socket's path; nothing for other addresses.
    static func removePath(of address: TrafficAddress) {
        if case .unix(let path) = address { _ = unsafe unlink(path) }
    }

    /// The local port in host order; 0 for a unix socket.
    private static func localPort(_ descriptor: Int32) -> UInt16 {
        var storage = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length)
            }
        }
        precondition(result == 0, "getsockname: errno \(errno)")
        // sin_port and sin6_port lie at the same offset.
        return storage.sin6_family == sa_family_t(AF_UNIX) ? 0 : UInt16(bigEndian: storage.sin6_port)
    }

    /// The next connection of a listener's queue, or nil when there is none at the moment.
    static func accept(from listener: Int32) -> Int32? {
        let descriptor = Glibc.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        sendAtOnce(descriptor)
        return descriptor
    }

    /// Starts a connect; 0 when connected already, else errno (EINPROGRESS is the usual one).
    static func connect(_ descriptor: Int32, to address: TrafficAddress) -> Int32 {
        sendAtOnce(descriptor)
        return unsafe address.withSocketAddress { unsafe Glibc.connect(descriptor, $0, $1) } == 0 ? 0 : errno
    }

    /// Takes the pending error (SO_ERROR), which says how a non-blocking connect ended.
    static func takeError(_ descriptor: Int32) -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length) == 0 ? value : errno
    }

    static func receive(_ descriptor: Int32, _ buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return .bytes(count) }
        return count == 0 ? .end : transfer(errno)
    }

    static func send(_ descriptor: Int32, _ buffer: UnsafeRawBufferPointer) -> Transfer {
        let flags = Int32(MSG_NOSIGNAL)
        let count = unsafe Glibc.send(descriptor, buffer.baseAddress, buffer.count, flags)
        return count >= 0 ? .bytes(count) : transfer(errno)
    }

    private static func transfer(_ code: Int32) -> Transfer {
        code == EAGAIN || code == EINTR ? .wouldBlock : .failed(code)
    }

    /// Bytes not yet acknowledged by the peer's kernel (SIOCOUTQ, tcp(7)); on a unix socket those not yet read.
    static func unsent(_ descriptor: Int32) -> Int {
        let request: UInt = 0x5411
        var value: Int32 = 0
        return unsafe ioctl(descriptor, request, &value) == 0 ? Int(value) : 0
    }

    static func halfClose(_ descriptor: Int32) {
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }

    static func close(_ descriptor: Int32) {
        _ = Glibc.close(descriptor)
    }

    /// Closes with SO_LINGER 0: TCP sends a reset and drops what is unsent.
    static func reset(_ descriptor: Int32) {
        setLinger(descriptor, on: true)
        close(descriptor)
    }

    /// Whether a close, or the end of the process, is a reset (SO_LINGER 0).
    static func setLinger(_ descriptor: Int32, on: Bool) {
        var option = linger(l_onoff: on ? 1 : 0, l_linger: 0)
        _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// A number, at the socket's own level if no other is named; an error is ignored.
    static func setOption(_ descriptor: Int32, _ option: Int32, _ value: Int32, level: Int32 = SOL_SOCKET) {
        var value = value
        let length = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(descriptor, level, option, &value, length)
    }

    /// TCP_NODELAY, so that small chunks do not wait for acknowledgements; an error on unix sockets, ignored there.
    private static func sendAtOnce(_ descriptor: Int32) {
        var on: Int32 = 1
        let length = socklen_t(MemoryLayout<Int32>.size)
        _ = unsafe setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, length)
    }
}
