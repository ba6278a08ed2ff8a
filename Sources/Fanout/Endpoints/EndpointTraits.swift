/// What an endpoint's tags say about the traffic that it should get.
struct EndpointTraits: Hashable, Sendable {
    static let weights = 1...1_000
    static let priorities = 0...100

    /// `fanout.weight=N`: its share of the connections, beside those of the others.
    var weight = 1
    /// `fanout.priority=N`: 0 first; one with a higher number is a backup, used when no lower one is usable.
    var priority = 0
    /// `fanout.zone=NAME`.
    var zone: String?
    /// `fanout.drain=1`: no new sessions.
    var isDraining = false
    /// Tags that begin with `fanout.` and mean nothing, or have no such value.
    var misunderstood: [String] = []

    init(tags: [String] = []) {
        for tag in tags where tag.hasPrefix("fanout.") {
            let parts = tag.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count == 2 ? String(parts[1]) : ""
            switch parts[0] {
            case "fanout.weight":
                if let number = Int(value), Self.weights.contains(number) { weight = number } else { fail(tag) }
            case "fanout.priority":
                if let number = Int(value), Self.priorities.contains(number) { priority = number } else { fail(tag) }
            case "fanout.zone":
                if value.isEmpty { fail(tag) } else { zone = value }
            case "fanout.drain":
                if value == "0" || value == "1" { isDraining = value == "1" } else { fail(tag) }
            case "fanout.canary":
                // Those with 1 are no endpoints at all (UsableRegistrations).
                if value != "0" && value != "1" { fail(tag) }
            case _:
                fail(tag)
            }
        }
    }

    private mutating func fail(_ tag: String) { misunderstood.append(tag) }
}
