import Reactor

/// Where an endpoint stands, as the admin endpoint tells it: the one place that knows.
struct EndpointCondition {
    let state: EndpointState
    let since: Deadline
    var reason: String?
    var returnsInSeconds: Double?
    let weight: Int
    let priority: Int
    let zone: String?

    init(_ observation: EndpointObservation, at now: Deadline) {
        let traits = observation.assignment.traits
        weight = traits.weight
        priority = traits.priority
        zone = traits.zone
        state = EndpointState(observation.name)
        switch observation.name {
        case .new, .ready, .suspect, .ejected:
            since = observation.health?.since ?? observation.account.since
            if let health = observation.health, !health.reason.isEmpty { reason = health.reason }
            returnsInSeconds = observation.health?.returnsAt.map { Double($0.since(now)) / 1e9 }
        case .draining:
            since = observation.account.since
            reason = "its tag fanout.drain=1"
        case .removed:
            since = observation.account.since
            reason = "gone from the catalogue, sessions are left"
        }
    }
}

extension EndpointState {
    init(_ name: EndpointHealth.Name) {
        switch name {
        case .new: self = .new
        case .ready: self = .ready
        case .suspect: self = .suspect
        case .ejected: self = .ejected
        case .draining: self = .draining
        case .removed: self = .removed
        }
    }
}
