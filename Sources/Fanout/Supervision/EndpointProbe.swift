import Reactor

/// Whether endpoints that are to get sessions can be connected to: one attempt a second each, on the supervisor's thread
/// and without waiting. Nomad lists tasks before they listen, and for a while after they have died.
struct EndpointProbe {
    /// Attempts under way at the same time.
    static let mostPending = 16
    /// An attempt that is not over by then has failed; one that succeeded counts for so long.
    static let patience: UInt64 = 2_500_000_000

    private struct Attempt {
        let socket: Int32
        let port: UInt16
        let began: Deadline
    }

    /// By the identity of the endpoint.
    private var pending: [UInt64: Attempt] = [:]
    private var succeeded: [UInt64: Deadline] = [:]

    /// Takes the results of the attempts so far, and forgets the endpoints that are not `known` any more.
    mutating func collect(known: Set<UInt64>, now: Deadline) {
        for (identity, attempt) in pending {
            let result = Socket.finishedConnect(attempt.socket)
            if result == 0, !Socket.isSelfConnected(attempt.socket, port: attempt.port) { succeeded[identity] = now }
            guard result != nil || now.since(attempt.began) > Self.patience else { continue }
            Socket.closeGracefully(attempt.socket)
            pending[identity] = nil
        }
        succeeded = succeeded.filter { known.contains($0.key) && now.since($0.value) <= Self.patience }
    }

    /// Whether an attempt has lately succeeded; begins the next one.
    mutating func isConnectable(_ endpoint: EndpointAssignment, now: Deadline) -> Bool {
        begin(endpoint, now)
        return succeeded[endpoint.identity] != nil
    }

    private mutating func begin(_ endpoint: EndpointAssignment, _ now: Deadline) {
        guard pending[endpoint.identity] == nil, pending.count < Self.mostPending else { return }
        let socket = Socket.stream(family: endpoint.endpoint.address.family)
        guard socket >= 0 else { return }
        guard Socket.startConnect(socket, to: endpoint.endpoint.address) else {
            Socket.closeGracefully(socket)
            return
        }
        pending[endpoint.identity] = Attempt(socket: socket, port: endpoint.endpoint.address.port, began: now)
    }
}
