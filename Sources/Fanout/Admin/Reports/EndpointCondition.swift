/// Where an endpoint stands, as the admin endpoint tells it: the one place that knows.
struct EndpointCondition {
    let state: EndpointState
    var reason: String?
    var returnsInSeconds: Double?
    var ejections: UInt64 = 0
    /// Each endpoint counts alike.
    var weight = 1
    var priority = 0
    var zone: String?

    init(_ observation: EndpointRegistry.Observation) {
        state = observation.isLeaving ? .removed : .ready
    }
}
