import Glibc

/// An IPv4, IPv6 or unix-domain socket address as plain bytes, ready for the kernel.
///
/// Values only: no reference, no allocation, so it may live in memory that workers read.
/// Sources: ip(7), ipv6(7), unix(7).
public struct SocketAddress: Sendable {
    /// The longest path a unix socket may have, in bytes, without its terminating zero (unix(7), `sun_path`).
    public static let longestUnixPath = 107

    /// First, so that a pointer to the value is a pointer to its sockaddr.
    private var storage: sockaddr_storage
    /// The length in bytes that system calls are given.
    public let length: UInt32

    private init(storage: sockaddr_storage, length: Int) {
        self.storage = storage
        self.length = UInt32(length)
    }

    /// `AF_INET`, `AF_INET6` or `AF_UNIX`.
    public var family: Int32 { Int32(storage.ss_family) }

    /// Copies an address that the kernel has filled in, for example from accept(2) or getsockname(2).
    public init(copying storage: sockaddr_storage, length: UInt32) {
        self.init(storage: storage, length: Int(length))
    }

    /// Parses a numeric IPv4 or IPv6 address (no brackets, no zone); nil if it is neither.
    public init?(numericHost host: String, port: UInt16) {
        // inet_pton(3) would stop at a zero byte and call the rest valid.
        guard !host.utf8.contains(0) else { return nil }
        var ipv4 = sockaddr_in()
        if unsafe inet_pton(AF_INET, host, &ipv4.sin_addr) == 1 {
            ipv4.sin_family = sa_family_t(AF_INET)
            ipv4.sin_port = port.bigEndian
            self.init(ipv4)
            return
        }
        var ipv6 = sockaddr_in6()
        guard unsafe inet_pton(AF_INET6, host, &ipv6.sin6_addr) == 1 else { return nil }
        ipv6.sin6_family = sa_family_t(AF_INET6)
        ipv6.sin6_port = port.bigEndian
        self.init(ipv6)
    }

    public init(_ ipv4: sockaddr_in) {
        var storage = sockaddr_storage()
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            unsafe withUnsafeBytes(of: ipv4) { unsafe target.copyMemory(from: $0) }
        }
        self.init(storage: storage, length: MemoryLayout<sockaddr_in>.size)
    }

    public init(_ ipv6: sockaddr_in6) {
        var storage = sockaddr_storage()
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            unsafe withUnsafeBytes(of: ipv6) { unsafe target.copyMemory(from: $0) }
        }
        self.init(storage: storage, length: MemoryLayout<sockaddr_in6>.size)
    }

    /// A unix-domain socket by path; nil if the path is empty or longer than ``longestUnixPath`` bytes.
    public init?(unixPath path: String) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.longestUnixPath, !bytes.contains(0) else { return nil }
        var storage = sockaddr_storage()
        storage.ss_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            for (offset, byte) in bytes.enumerated() { unsafe target[2 + offset] = byte }
        }
        self.init(storage: storage, length: 2 + bytes.count + 1)
    }

    /// A unix-domain socket without a file (unix(7), abstract); nil if the name is empty or too long.
    public init?(abstractName name: String) {
        let bytes = Array(name.utf8)
        guard !bytes.isEmpty, bytes.count <= Self.longestUnixPath else { return nil }
        var storage = sockaddr_storage()
        storage.ss_family = sa_family_t(AF_UNIX)
        // The byte after the family stays zero, and nothing ends the name but the length.
        unsafe withUnsafeMutableBytes(of: &storage) { target in
            for (offset, byte) in bytes.enumerated() { unsafe target[3 + offset] = byte }
        }
        self.init(storage: storage, length: 3 + bytes.count)
    }

    /// Gives the bytes to a system call.
    public func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        unsafe withUnsafeBytes(of: storage) { bytes in
            guard let base = bytes.baseAddress else { preconditionFailure("sockaddr_storage has bytes") }
            return unsafe body(base.assumingMemoryBound(to: sockaddr.self), length)
        }
    }

    /// The port of an IP address, 0 for a unix socket.
    public var port: UInt16 {
        switch family {
        case AF_INET, AF_INET6:
            // sin_port and sin6_port stand at the same offset (RFC 3493, section 3.3).
            unsafe withUnsafeBytes(of: storage) { UInt16(unsafe $0[2]) << 8 | UInt16(unsafe $0[3]) }
        case _: 0
        }
    }

    /// The same IP address with another port; a unix address is returned as it is.
    public func with(port: UInt16) -> SocketAddress {
        guard family != AF_UNIX else { return self }
        var copy = self
        unsafe withUnsafeMutableBytes(of: &copy.storage) {
            unsafe $0[2] = UInt8(port >> 8)
            unsafe $0[3] = UInt8(port & 0xff)
        }
        return copy
    }

    private var ipv4: sockaddr_in {
        unsafe withUnsafeBytes(of: storage) { unsafe $0.loadUnaligned(as: sockaddr_in.self) }
    }

    private var ipv6: sockaddr_in6 {
        unsafe withUnsafeBytes(of: storage) { unsafe $0.loadUnaligned(as: sockaddr_in6.self) }
    }

    /// The path of a unix socket in the file system, nil for every other address.
    public var path: String? {
        family == AF_UNIX && !unixPath.isEmpty ? unixPath : nil
    }

    /// The path of a unix socket, empty for the others and for an unnamed peer.
    private var unixPath: String {
        let count = max(0, Int(length) - 2)
        return unsafe withUnsafeBytes(of: storage) { bytes in
            let path = unsafe bytes[2..<(2 + count)].prefix { $0 != 0 }
            return unsafe String(decoding: path, as: UTF8.self)
        }
    }
}

extension SocketAddress: Hashable {
    public static func == (left: SocketAddress, right: SocketAddress) -> Bool {
        guard left.length == right.length else { return false }
        let count = Int(left.length)
        return unsafe withUnsafeBytes(of: left.storage) { first in
            unsafe withUnsafeBytes(of: right.storage) { second in
                unsafe first[..<count].elementsEqual(second[..<count])
            }
        }
    }

    public func hash(into hasher: inout Hasher) {
        unsafe withUnsafeBytes(of: storage) {
            unsafe hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: $0[..<Int(length)]))
        }
    }
}

extension SocketAddress: CustomStringConvertible {
    /// `127.0.0.1:80`, `[::1]:80` or `unix:/path`.
    public var description: String {
        switch family {
        case AF_INET:
            var address = ipv4.sin_addr
            return unsafe "\(Self.text(AF_INET, &address)):\(port)"
        case AF_INET6:
            var address = ipv6.sin6_addr
            return unsafe "[\(Self.text(AF_INET6, &address))]:\(port)"
        case AF_UNIX:
            return "unix:\(unixPath)"
        case let other:
            return "family-\(other)"
        }
    }

    private static func text(_ family: Int32, _ address: UnsafeRawPointer) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            guard let base = buffer.baseAddress,
                let text = unsafe inet_ntop(family, address, base, socklen_t(INET6_ADDRSTRLEN))
            else { return "?" }
            return unsafe String(cString: text)
        }
    }
}

/// The address families of ``SocketAddress``, for switches outside this module.
public enum AddressFamily {
    public static let ipv4 = AF_INET
    public static let ipv6 = AF_INET6
    public static let unix = AF_UNIX
}

extension SocketAddress {
    /// A byte of the sockaddr; an IPv4 address starts at 4, an IPv6 address at 8 (RFC 3493, section 3.3).
    public func byte(at offset: Int) -> UInt8 {
        unsafe withUnsafeBytes(of: storage) { unsafe $0[offset] }
    }

    /// From the four bytes of an IPv4 address, most significant first.
    public init(ipv4 bytes: [UInt8], port: UInt16) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &address.sin_addr) { unsafe $0.copyBytes(from: bytes.prefix(4)) }
        self.init(address)
    }

    /// From the sixteen bytes of an IPv6 address, most significant first.
    public init(ipv6 bytes: [UInt8], port: UInt16) {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { unsafe $0.copyBytes(from: bytes.prefix(16)) }
        self.init(address)
    }

    /// `0.0.0.0` or `::`.
    public var isWildcard: Bool {
        switch family {
        case AF_INET: (4..<8).allSatisfy { byte(at: $0) == 0 }
        case AF_INET6: (8..<24).allSatisfy { byte(at: $0) == 0 }
        case _: false
        }
    }

    /// 127.0.0.0/8 or ::1.
    public var isLoopback: Bool {
        switch family {
        case AF_INET: byte(at: 4) == 127
        case AF_INET6: (8..<23).allSatisfy { byte(at: $0) == 0 } && byte(at: 23) == 1
        case _: false
        }
    }
}
