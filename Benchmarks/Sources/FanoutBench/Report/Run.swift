/// One peer under one workload in one round.
struct Run: Codable {
    /// Cores that share a cache are 40 to 70 ns apart (AMD Zen 5), those that do not 170 to 220.
    private static let hopTolerance = 2.2

    let workload: String
    let peer: String
    let round: Int
    let measurement: Measurement
    /// What the CPU time of the peer counts.
    let multiple: Int
    /// Nanoseconds that a cache line took from the proxy's CPU to that of the load, before the run and after it.
    let hops: [Double]

    /// CPU seconds of the peer per unit of work; nil without work or without a peer.
    var cpuPerUnit: Double? {
        measurement.units > 0 && measurement.cpuSeconds > 0
            ? measurement.cpuSeconds * Double(multiple) / measurement.units : nil
    }

    /// Whether the CPUs were as far apart as in another run, as far as that is known: one whose CPUs the host has moved
    /// meanwhile is like no other.
    func isAsFar(as other: Run) -> Bool {
        let known = (hops + other.hops).filter { $0 > 0 }
        guard let least = known.min(), let most = known.max() else { return true }
        return most <= least * Self.hopTolerance
    }

    var rate: Double { measurement.units / measurement.seconds }

    /// Share of one CPU that the peer used.
    var utilisation: Double { measurement.cpuSeconds / measurement.seconds }

    /// Share of one CPU that load and backend used.
    var loadUtilisation: Double { measurement.loadCPUSeconds / measurement.seconds }

    /// Bytes of user memory for each held connection.
    func perConnection(_ field: KeyPath<MemoryUse, Int>) -> Double? {
        guard let before = measurement.memoryBefore, let held = measurement.memoryHeld, measurement.held > 0
        else { return nil }
        return Double(held[keyPath: field] - before[keyPath: field]) / Double(measurement.held)
    }

    /// Bytes by which the kernel's memory grew for each held connection, both ends of the load included.
    var kernelPerConnection: Double? {
        guard let before = measurement.kernelBefore, let held = measurement.kernelHeld, measurement.held > 0
        else { return nil }
        return Double(held.bytes - before.bytes) / Double(measurement.held)
    }
}

/// A run that did not come to its end; without peer and round where a whole trial did not.
struct Failure: Codable {
    let workload: String
    let peer: String?
    let round: Int?
    let why: String

    var description: String {
        let place = [workload, peer, round.map { "round \($0)" }].compactMap(\.self).joined(separator: ", ")
        return "\(place): FAILED: \(why)"
    }
}
