import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A stand-in for the part of a Nomad agent's HTTP API that service discovery uses, honest down to the bytes.
///
/// It serves `GET /v1/service/:name` and `GET /v1/services` on the task API's unix socket, on a TCP port, or both, and
/// imitates Nomad's state, blocking queries, authentication, framing and failures. All methods may be called from any
/// thread except the double's own event loop, never from the Swift concurrency pool (they block); call `shutdown` in
/// the end. `filter` takes the common operators of go-bexpr only, and `choose` is stable but picks other instances
/// than Nomad's hash would.
public final class NomadDouble: Sendable {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let state: NIOLockedValueBox<AgentState>
    let listeners = NIOLockedValueBox<[Door: Listener]>([:])

    var loop: any EventLoop { group.any() }

    /// A double with an empty table and no door open yet; `seed` makes the jitter of blocking queries repeatable.
    public init(settings: Settings = Settings(), seed: UInt64 = 1) {
        state = NIOLockedValueBox(AgentState(settings: settings, randomness: Randomness(seed: seed)))
    }

    /// The settings in force; a change counts from the next request on.
    public var settings: Settings {
        get { state.withLockedValue { $0.settings } }
        set { state.withLockedValue { $0.settings = newValue } }
    }

    /// Closes every door as a graceful stop does and ends the event loop; the double is of no use afterwards.
    public func shutdown() {
        for door in Door.allCases { stop(door) }
        try? group.syncShutdownGracefully()
    }

    /// Nomad seconds as real time.
    func scaled(_ seconds: Double, by scale: Double) -> TimeAmount {
        .nanoseconds(Int64(max(0, min(seconds * scale, 1e9)) * 1e9))
    }

    func resume(_ queries: [ParkedQueries.Parked], released: Bool = false) {
        for query in queries { query.resume(released) }
    }
}
