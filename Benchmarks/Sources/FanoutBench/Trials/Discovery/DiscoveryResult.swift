/// What Fanout's discovery trial found.
struct DiscoveryResult: Codable {
    /// How often the second endpoint joined and left.
    let changes: Int
    /// From the start of a probe until its accept while nothing changes: the times below cannot be shorter.
    let unchanged: Delays
    /// From Nomad's answer to the registration until the endpoint's accept.
    let joined: Delays
    /// From Nomad's answer to the removal until the first accept elsewhere.
    let left: Delays
    let probes: Int
    let failedProbes: Int
    /// Connections held all the time, and how many of them neither echoed nor ended cleanly in the end.
    let held: Int
    let heldLost: Int

    var failures: Int { failedProbes + heldLost }
}

/// Times in milliseconds.
struct Delays: Codable {
    let p50: Double
    let p99: Double
    let maximum: Double
    /// In the order they were taken.
    let samples: [Double]

    /// From nanoseconds; nil without any. Percentiles are the nearest ranks.
    init?(_ nanoseconds: [UInt64]) {
        samples = nanoseconds.map { Double($0) / 1e6 }
        let sorted = samples.sorted()
        guard let last = sorted.last else { return nil }
        func rank(_ share: Double) -> Double { sorted[max(0, Int((Double(sorted.count) * share).rounded(.up)) - 1)] }
        p50 = rank(0.5)
        p99 = rank(0.99)
        maximum = last
    }
}
