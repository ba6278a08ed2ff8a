import Glibc

/// The system calls of ``AnswerServer``, all of them blocking.
enum ServerSocket {
    private static let backlog: Int32 = 64

    static func listen(path: String) -> Int32 {
        _ = unsafe unlink(path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        precondition(path.utf8.count < MemoryLayout.size(ofValue: address.sun_path), "path too long: \(path)")
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return listen(AF_UNIX, &address)
    }

    static func listenOnLoopback() -> (descriptor: Int32, port: UInt16) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        let listener = listen(AF_INET, &address)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(listener, $0, &length)
            }
        }
        precondition(result == 0, "getsockname: errno \(errno)")
        return (listener, UInt16(bigEndian: address.sin_port))
    }

    private static func listen<Address>(_ family: Int32, _ address: inout Address) -> Int32 {
        let listener = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let length = socklen_t(MemoryLayout<Address>.size)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(listener, $0, length) }
        }
        precondition(result == 0 && Glibc.listen(listener, backlog) == 0, "listen: errno \(errno)")
        return listener
    }

    /// Whether all of it went out.
    static func send(_ connection: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
        unsafe bytes.withUnsafeBytes { buffer in
            var sent = 0
            while sent < buffer.count {
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[sent...])
                let count = unsafe Glibc.send(connection, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                guard count > 0 else { return false }
                sent += count
            }
            return true
        }
    }

    /// What has come; nil at the end of the stream, or after a reset.
    static func receive(_ connection: Int32) -> [UInt8]? {
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 4_096) { buffer, count in
            count = max(0, unsafe recv(connection, buffer.baseAddress, buffer.count, 0))
        }
        return bytes.isEmpty ? nil : bytes
    }

    /// POLLRDHUP (poll(2)), which Glibc's module does not have: the peer has ended its stream.
    private static let streamEnd: Int16 = 0x2000

    /// Returns when the peer has closed or reset the connection, or after `milliseconds`.
    static func waitForEnd(_ connection: Int32, _ milliseconds: Int32) {
        var entry = pollfd(fd: connection, events: streamEnd, revents: 0)
        _ = unsafe poll(&entry, 1, milliseconds)
    }
}
