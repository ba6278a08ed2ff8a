import Glibc
import Testing

@testable import Reactor

/// Sockets on the loopback interface, made with plain system calls.
enum Loopback {
    static let any = SocketAddress(ipv4: [127, 0, 0, 1], port: 0)

    /// A bound socket: connecting to it is refused until it listens, and nobody else can take its port.
    static func bound(to address: SocketAddress = any, options: [Int32] = []) throws -> Descriptor {
        let socket = try Descriptor(Socket.stream(family: address.family))
        for option in options { Socket.set(socket.number, SOL_SOCKET, option, 1) }
        guard unsafe address.withSockaddr({ unsafe bind(socket.number, $0, $1) }) == 0 else {
            throw SystemError.last("bind")
        }
        return socket
    }

    static func listener(on address: SocketAddress = any, options: [Int32] = []) throws -> Descriptor {
        let socket = try bound(to: address, options: options)
        guard listen(socket.number, 1_024) == 0 else { throw SystemError.last("listen") }
        return socket
    }

    static func address(of socket: Descriptor) throws -> SocketAddress {
        try #require(Socket.local(of: socket.number))
    }

    /// Starts to connect; 0, or the errno of the first moment.
    static func startConnecting(to address: SocketAddress) throws -> (socket: Descriptor, code: Int32) {
        let socket = try Descriptor(Socket.stream(family: address.family))
        let code = unsafe address.withSockaddr { unsafe connect(socket.number, $0, $1) }
        return (socket, code == 0 ? 0 : errno)
    }

    static func connected(to address: SocketAddress) throws -> Descriptor {
        let (socket, code) = try startConnecting(to: address)
        if code == EINPROGRESS {
            try socket.wait(Int32(POLLOUT))
            let failure = pendingError(of: socket)
            guard failure == 0 else { throw SystemError("connect", errno: failure) }
        } else if code != 0 {
            throw SystemError("connect", errno: code)
        }
        return socket
    }

    static func pendingError(of socket: Descriptor) -> Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &code, &length)
        return code
    }

    static func accepted(from listener: Descriptor) throws -> Descriptor {
        try listener.wait(Int32(POLLIN))
        return try Descriptor(Socket.accept(listener.number))
    }

    /// Two ends of one TCP connection: the driver's, and the test's.
    static func pair() throws -> (near: Descriptor, far: Descriptor) {
        let listener = try listener()
        let far = try connected(to: address(of: listener))
        return (try accepted(from: listener), far)
    }

    /// The same on unix sockets.
    static func unixPair() throws -> (near: Descriptor, far: Descriptor) {
        var ends: [Int32] = [-1, -1]
        let type = Int32(bitPattern: SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else { throw SystemError.last("socketpair") }
        return (try Descriptor(ends[0]), try Descriptor(ends[1]))
    }
}
