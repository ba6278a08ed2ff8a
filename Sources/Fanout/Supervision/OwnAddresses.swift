import Glibc
import Reactor

/// The addresses of this machine's interfaces (getifaddrs(3)).
enum OwnAddresses {
    /// Without ports; empty if they cannot be told.
    static func current() -> Set<SocketAddress> {
        var list: UnsafeMutablePointer<ifaddrs>? = nil
        guard unsafe getifaddrs(&list) == 0 else { return [] }
        defer { unsafe freeifaddrs(list) }
        var found = Set<SocketAddress>()
        var entry = unsafe list
        while let current = unsafe entry {
            if let address = unsafe current.pointee.ifa_addr {
                switch Int32(unsafe address.pointee.sa_family) {
                case AF_INET:
                    unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        _ = found.insert(SocketAddress(unsafe $0.pointee).with(port: 0))
                    }
                case AF_INET6:
                    unsafe address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        var plain = sockaddr_in6()
                        plain.sin6_family = sa_family_t(AF_INET6)
                        plain.sin6_addr = unsafe $0.pointee.sin6_addr
                        found.insert(SocketAddress(plain))
                    }
                case _:
                    break
                }
            }
            unsafe entry = current.pointee.ifa_next
        }
        return found
    }
}
