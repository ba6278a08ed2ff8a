/// A run that showed something that must not be, and how to see it again.
public struct Failure: Error, CustomStringConvertible, Sendable {
    public let message: String
    public let replay: String

    public var description: String { "\(message)\nreplay: \(replay)" }
}

/// What a tier has done.
public struct Report: Sendable {
    public internal(set) var runs = 0
    /// Virtual nanoseconds.
    public internal(set) var duration: UInt64 = 0
    public internal(set) var coverage = Coverage()
    /// Sessions by the reason for which they ended, in the order of the reasons.
    public internal(set) var reasons: [UInt64] = Array(repeating: 0, count: CloseReason.allCases.count)
    public internal(set) var failure: Failure?

    public init() {}

    /// One run of each seed, until one fails; `tier` has a `run` that is given the seeds.
    init(_ seeds: Range<UInt64>, of tier: String, _ scenario: (UInt64) -> Scenario) {
        for seed in seeds where failure == nil {
            let run = Run(scenario(seed), Choices(seed: seed))
            add(run)
            if let violation = run.violation {
                failure = Failure(message: violation, replay: "\(tier).run(\(seed)..<\(seed + 1))")
            }
        }
    }

    mutating func add(_ run: Run) {
        runs += 1
        duration += run.duration
        coverage.add(run.coverage)
        for (index, count) in run.reasons.enumerated() { reasons[index] += count }
    }

    public mutating func add(_ other: Report) {
        runs += other.runs
        duration += other.duration
        coverage.add(other.coverage)
        for (index, count) in other.reasons.enumerated() { reasons[index] += count }
        failure = failure ?? other.failure
    }

    /// Reasons for which no session has ended.
    public var missingReasons: [String] {
        CloseReason.allCases.filter { reasons[Int($0.rawValue)] == 0 }.map(\.text)
    }
}
