import Foundation

struct RawFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A blocking HTTP client that shows every byte.
final class RawClient {
    private let descriptor: Int32
    private var received: [UInt8] = []

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        try unsafe connect(&address, MemoryLayout<sockaddr_un>.size)
    }

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        try unsafe connect(&address, MemoryLayout<sockaddr_in>.size)
    }

    private func connect<Address>(_ address: UnsafeMutablePointer<Address>, _ size: Int) throws {
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let result = unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe Glibc.connect(descriptor, $0, socklen_t(size))
        }
        // A throwing initializer runs deinit, which closes the descriptor.
        guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
    }

    func get(_ target: String, token: String?, headers: [String] = []) {
        let credentials = token.map { ["X-Nomad-Token: \($0)"] } ?? []
        let lines = ["GET \(target) HTTP/1.1", "Host: 127.0.0.1"] + headers + credentials
        send(lines.joined(separator: "\r\n") + "\r\n\r\n")
    }

    /// Reads once; 0 is the end of the stream, a negative number `-errno`.
    private func readMore() -> Int {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return count == 0 ? 0 : -Int(errno) }
        received += buffer[..<count]
        return count
    }

    /// Everything up to the end of the stream.
    func readToEnd() throws -> [UInt8] {
        while true {
            let count = readMore()
            if count == 0 { return received }
            if count < 0 { throw POSIXError(POSIXErrorCode(rawValue: Int32(-count)) ?? .EIO) }
        }
    }

    /// Whether bytes or the end of the stream are there within `milliseconds`.
    func isReadable(within milliseconds: Int32) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe Glibc.poll(&poll, 1, milliseconds) == 1
    }

    /// The next whole response; its framing must be complete.
    func response() throws -> RawResponse {
        while true {
            if let (response, length) = try RawResponse.parse(received) {
                received.removeFirst(length)
                return response
            }
            let count = readMore()
            guard count > 0 else {
                throw RawFailure("the stream ended (\(count)) after '\(String(decoding: received, as: UTF8.self))'")
            }
        }
    }
}
