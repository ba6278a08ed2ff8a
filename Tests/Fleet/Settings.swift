/// How large a fleet is, and how busy.
struct FleetSettings {
    var sidecars = 1_000
    var endpoints = 100
    /// Connections a second of one sidecar.
    var rate = 20.0
    /// Seconds that a session takes on a healthy endpoint, on average.
    var hold = 0.5
    var seed: UInt64 = 1
    var phases = Phase.tour
}

/// What is compared: a policy, and which of its helpers are on.
struct Variant: Hashable {
    var policy: BalancePolicy
    var hasHealth = true
    var hasSlowStart = true

    var name: String {
        switch (hasHealth, hasSlowStart) {
        case (true, true): policy.rawValue
        case (true, false): "\(policy.rawValue), no slow start"
        case (false, true): "\(policy.rawValue), no health"
        case (false, false): "\(policy.rawValue), neither"
        }
    }

    /// Each policy with both and with neither; the default one with each alone too.
    static let compared: [Variant] = BalancePolicy.allCases.flatMap { policy -> [Variant] in
        let both = [
            Variant(policy: policy), Variant(policy: policy, hasHealth: false, hasSlowStart: false),
        ]
        guard policy == .leastConnections else { return both }
        return [
            both[0], Variant(policy: policy, hasSlowStart: false), Variant(policy: policy, hasHealth: false), both[1],
        ]
    }
}

/// How an endpoint treats those who connect to it.
enum Behaviour {
    case healthy
    /// Sessions take ``slowness`` times as long.
    case slow
    case refusing
    /// Accepts, and closes at once without a byte.
    case closing
    /// Never answers a connect.
    case silent
    /// Not started yet, or stopped.
    case absent

    static let slowness = 5.0

    var serves: Bool {
        switch self {
        case .healthy, .slow: true
        case .refusing, .closing, .silent, .absent: false
        }
    }
}

/// A time in which one thing is otherwise.
struct Phase {
    enum Change {
        case none
        /// So many new endpoints are registered.
        case join(Int)
        /// So many stop, and discovery says so after that.
        case leave(Int)
        /// So many behave like that until the phase ends.
        case trouble(Behaviour, Int)
    }

    let name: String
    /// Whole windows.
    let seconds: Double
    let change: Change

    /// What the comparison goes through.
    static let tour = [
        Phase(name: "start", seconds: 4, change: .none),
        Phase(name: "join", seconds: 12, change: .join(10)),
        Phase(name: "slow", seconds: 8, change: .trouble(.slow, 5)),
        Phase(name: "refusing", seconds: 12, change: .trouble(.refusing, 5)),
        Phase(name: "closing", seconds: 12, change: .trouble(.closing, 5)),
        Phase(name: "silent", seconds: 12, change: .trouble(.silent, 5)),
        Phase(name: "leave", seconds: 5, change: .leave(10)),
        Phase(name: "calm", seconds: 4, change: .none),
    ]
}
