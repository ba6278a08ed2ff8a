import Glibc
import NIOCore

extension NomadDouble {
    /// The queries that are held now: blocked on their index, or waiting for a leader.
    public var parkedQueries: Int { state.withLockedValue { $0.parked.count { _ in true } } }

    /// As `parkedQueries`, for one service.
    public func parkedQueries(service: String, namespace: String = "default") -> Int {
        let watch = Watch.service(ServiceKey(namespace: namespace, name: service))
        return state.withLockedValue { $0.parked.count { $0 == watch } }
    }

    /// Blocked queries whose connection their client closed; on a real server each would go on until its `wait` ends.
    public var abandonedQueries: Int { state.withLockedValue { $0.abandonedQueries } }

    /// The requests received, oldest first; at most the last hundred thousand.
    public var requests: [LoggedRequest] { state.withLockedValue { $0.log.entries } }

    public func requests(service: String) -> [LoggedRequest] { requests.filter { $0.service == service } }

    /// All requests ever received.
    public var requestCount: Int { state.withLockedValue { $0.log.count } }

    /// Empties `requests`; the count and the numbers go on.
    public func forgetRequests() { state.withLockedValue { $0.log.forget() } }
}

/// Waits until `condition` holds, looking every two milliseconds; answers whether it did within `seconds`.
///
/// Blocks the calling thread.
public func waitUntil(within seconds: Double = 10, _ condition: () -> Bool) -> Bool {
    let deadline = NIODeadline.now() + .nanoseconds(Int64(seconds * 1e9))
    while !condition() {
        if NIODeadline.now() >= deadline { return condition() }
        usleep(2000)
    }
    return true
}
