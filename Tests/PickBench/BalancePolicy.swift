/// The product's, without what makes it a command line option.
enum BalancePolicy: String, CaseIterable {
    case leastConnections = "least-connections"
    case twoChoices = "two-choices"
    case roundRobin = "round-robin"
    case random
}
