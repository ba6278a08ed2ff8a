/// Where every decision of a simulation comes from: a seed, or the walk over all schedules. The same decisions make the
/// same run, to the byte.
final class Choices {
    private enum Source {
        case seed
        /// Depth first: the path so far is followed, then every new decision takes its first way.
        case walk
    }

    private struct Fork {
        var taken: UInt8
        let ways: UInt8
    }

    private let source: Source
    private var state: UInt64
    private var path: [Fork] = []
    private var position = 0
    /// Faults may happen; off once a run is to come to its end.
    var allowsFaults = true
    /// Kinds of faults that happen in this run, and one in how many chances each does (seed).
    private var rates: [Int]
    /// Faults that are left to a schedule (walk).
    private var budget = 0
    private let kinds: Set<Mark>
    private let fullBudget: Int

    init(seed: UInt64) {
        source = .seed
        state = seed
        rates = Array(repeating: 0, count: Mark.allCases.count { !$0.isOfFleets })
        (kinds, fullBudget) = ([], 0)
        // Each run has its own mixture of faults: with all of them in each run many would hide one another.
        for index in rates.indices where pick(3) > 0 { rates[index] = 2 << pick(6) }
        CrashNote.set("seed \(seed)")
    }

    /// - Parameters:
    ///   - faults: the kinds that may happen.
    ///   - budget: how many of them may happen in one schedule.
    init(walking faults: Set<Mark>, budget: Int, path: [UInt8] = []) {
        source = .walk
        state = 0
        rates = []
        kinds = faults
        fullBudget = budget
        self.budget = budget
        self.path = path.map { Fork(taken: $0, ways: 0) }
        CrashNote.clear()
    }

    var isWalk: Bool { source == .walk }

    /// One of `count` ways, from 0 on.
    @inline(__always)
    func pick(_ count: Int) -> Int {
        if count <= 1 { return 0 }
        return source == .walk ? step(count) : Int(next() % UInt64(count))
    }

    private func step(_ count: Int) -> Int {
        if position == path.count { path.append(Fork(taken: 0, ways: UInt8(clamping: count))) }
        let taken = path[position].taken
        position += 1
        CrashNote.append(taken)
        return min(Int(taken), count - 1)
    }

    /// Whether a fault of this kind happens now.
    @inline(__always)
    func fault(_ kind: Mark) -> Bool {
        guard allowsFaults else { return false }
        switch source {
        case .seed:
            let rate = rates[kind.rawValue]
            return rate > 0 && Int(next() % UInt64(rate)) == 0
        case .walk:
            guard budget > 0, kinds.contains(kind) else { return false }
            guard pick(2) == 1 else { return false }
            budget -= 1
            return true
        }
    }

    /// Whether something that is no fault happens now: never in a walk.
    @inline(__always)
    func chance(oneIn count: Int) -> Bool { source == .seed && next() % UInt64(count) == 0 }

    /// A number of things to do at once: everything, or, where that is chosen, less.
    func portion(of whole: Int, _ kind: Mark) -> Int {
        guard whole > 1, fault(kind) else { return whole }
        return isWalk ? 1 : 1 + pick(whole - 1)
    }

    /// The next schedule of the walk; false when all have been walked.
    func advance() -> Bool {
        path.removeSubrange(position...)
        position = 0
        budget = fullBudget
        allowsFaults = true
        CrashNote.clear()
        while let last = path.last {
            if last.taken + 1 < last.ways {
                path[path.count - 1].taken += 1
                return true
            }
            path.removeLast()
        }
        return false
    }

    /// What has been decided, for a replay.
    var schedule: [UInt8] { path.prefix(position).map(\.taken) }

    /// SplitMix64 (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
    private func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
