/// The product's, without what makes it a command line option.
enum BalancePolicy: String, CaseIterable {
    case leastConnections = "least-connections"
    case roundRobin = "round-robin"
}
