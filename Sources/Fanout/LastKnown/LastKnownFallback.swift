import Logging
import Reactor

/// Puts the endpoints of an earlier run to use where discovery does not answer: they are the second choice, because
/// Nomad gives ports to others that have become free.
///
/// The supervisor's thread.
struct LastKnownFallback {
    /// How long discovery may take for its first answer.
    static let patience: UInt64 = 2_000_000_000
    private static let pause: UInt64 = 100_000_000

    private let keeper: StateKeeper
    private let end: Deadline
    /// Services that have neither been answered for nor were given what was known.
    private var open: Set<Int>
    /// When ``look(_:_:now:)`` has something to do.
    private(set) var next: Deadline

    init(keeper: StateKeeper, services: [Int], now: Deadline) {
        self.keeper = keeper
        open = Set(services)
        end = now.advanced(by: Self.patience)
        next = open.isEmpty ? .never : now
    }

    mutating func look(_ statistics: DiscoveryStatistics, _ sink: EndpointSink, now: Deadline) {
        guard now >= next else { return }
        for service in open {
            if sink.hasAnswer(for: service) {
                open.remove(service)
            } else if now >= end || statistics.services[service]?.errors.isEmpty == false {
                open.remove(service)
                guard let known = keeper.lastKnown(of: service) else { continue }
                sink.applyLastKnown(service: service, endpoints: known.endpoints, age: known.age)
            }
        }
        next = open.isEmpty ? .never : now.advanced(by: Self.pause)
    }
}
