import Foundation

/// The seeds of one test's cases: a fixed number in every test run, or as many as fit into the time that is given.
///
/// Case n of a run has seed + n, so a failed case is the first of the run with its own seed. `FANOUT_FUZZ_SECONDS`
/// is the time of all tests together, of which each takes its share; `FANOUT_FUZZ_SEED` is where they begin.
public struct Budget: Sequence, IteratorProtocol, Sendable {
    private static let environment = ProcessInfo.processInfo.environment

    /// The time of all tests together, nil in an ordinary test run.
    public static let seconds = environment["FANOUT_FUZZ_SECONDS"].flatMap(Double.init)
    public static let seed = environment["FANOUT_FUZZ_SEED"].flatMap(UInt64.init) ?? 1

    private let most: Int
    private let limit: Double?
    private let begin = ProcessInfo.processInfo.systemUptime
    /// Cases begun.
    public private(set) var count = 0

    /// - Parameters:
    ///   - cases: how many in an ordinary test run.
    ///   - share: of the time, when there is one.
    public init(cases: Int, share: Double) {
        limit = Self.seconds.map { $0 * share }
        most = limit == nil ? cases : .max
    }

    public mutating func next() -> UInt64? {
        guard count < most else { return nil }
        // The first case always runs: it is what a replay is about.
        if let limit, count > 0, elapsed >= limit { return nil }
        defer { count += 1 }
        return Self.seed &+ UInt64(count)
    }

    public var elapsed: Double { ProcessInfo.processInfo.systemUptime - begin }

    /// One line on what was done; `units` counts what a case consists of.
    public func report(_ what: String, units: Int? = nil) {
        let units = units ?? count
        let rate = Int(Double(units) / Swift.max(elapsed, 0.001))
        print("fuzz: \(what): \(units) in \(String(format: "%.1f", elapsed)) s, \(rate)/s, from seed \(Self.seed)")
    }
}
