import Glibc
import NIOConcurrencyHelpers
import NIOPosix
import Reactor

/// Resolves host names on a thread of its own, one after another; the thread starts with the first name.
final class NameLookup: Sendable {
    /// The most addresses of one name that are used.
    static let longestAnswer = 64

    private enum State {
        case unused
        case running(NIOThreadPool)
        case stopped
    }

    private let state = NIOLockedValueBox(State.unused)

    /// Resolves `name` and calls `completion` on the lookup thread; never calls it after ``stop(patience:)`` began.
    func resolve(
        _ name: String,
        completion: @escaping @Sendable (Result<[SocketAddress], LookupError>) -> Void
    ) {
        state.withLockedValue { state in
            switch state {
            case .unused:
                let pool = NIOThreadPool(numberOfThreads: 1)
                pool.start()
                state = .running(pool)
                submit(name, to: pool, completion)
            case .running(let pool):
                submit(name, to: pool, completion)
            case .stopped:
                break
            }
        }
    }

    private func submit(
        _ name: String,
        to pool: NIOThreadPool,
        _ completion: @escaping @Sendable (Result<[SocketAddress], LookupError>) -> Void
    ) {
        pool.submit { item in
            guard item == .active else { return }
            let result = Self.addresses(of: name)
            // Under the lock, so that nothing is handed to an event loop that stop() is about to end.
            self.state.withLockedValue { state in
                if case .running = state { completion(result) }
            }
        }
    }

    /// Ends the thread and waits for that, but at most `patience` for a lookup under way: getaddrinfo(3) cannot be
    /// cancelled, and its thread touches nothing any more once it returns.
    func stop(patience: Duration = .seconds(1)) {
        let last = state.withLockedValue { state in
            let last = state
            state = .stopped
            return last
        }
        guard case .running(let pool) = last else { return }
        let isGone = ConditionLock(value: false)
        pool.shutdownGracefully { _ in
            isGone.lock()
            isGone.unlock(withValue: true)
        }
        if isGone.lock(whenValue: true, timeoutSeconds: Double(patience.wholeMilliseconds) / 1000) { isGone.unlock() }
    }

    /// Asks the system's resolver (getaddrinfo(3)); blocks. The addresses have port 0 and a stable order.
    static func addresses(of name: String) -> Result<[SocketAddress], LookupError> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        // No IPv6 addresses where the network has none.
        unsafe hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(name, nil, &hints, &list)
        guard status == 0 else {
            return .failure(LookupError(reason: unsafe String(cString: gai_strerror(status))))
        }
        defer { unsafe freeaddrinfo(list) }
        var found: Set<SocketAddress> = []
        var next = unsafe list
        while let entry = unsafe next {
            if let address = unsafe address(of: entry.pointee) { found.insert(address) }
            unsafe next = entry.pointee.ai_next
        }
        guard !found.isEmpty else { return .failure(LookupError(reason: "no IPv4 or IPv6 address")) }
        return .success(Array(found.sorted { $0.description < $1.description }.prefix(longestAnswer)))
    }

    private static func address(of entry: addrinfo) -> SocketAddress? {
        guard let raw = unsafe UnsafeRawPointer(entry.ai_addr) else { return nil }
        return switch unsafe entry.ai_family {
        case AF_INET: unsafe SocketAddress(raw.loadUnaligned(as: sockaddr_in.self))
        case AF_INET6: unsafe SocketAddress(raw.loadUnaligned(as: sockaddr_in6.self))
        case _: nil
        }
    }
}

/// Why a name has no addresses, in the resolver's words.
struct LookupError: Error, Equatable, Sendable {
    let reason: String
}
