import Reactor

/// The endpoints that one connection has tried in vain: the last ``capacity`` of them.
struct TriedEndpoints: BitwiseCopyable {
    /// More failed attempts than this within one connect budget are possible only where endpoints refuse at once;
    /// then the choice starts afresh.
    static let capacity = 16

    private var slots: InlineArray<16, UInt16>
    private(set) var count: Int8

    init() {
        slots = InlineArray(repeating: 0)
        count = 0
    }

    var isFull: Bool { count == Self.capacity }

    mutating func insert(_ slot: UInt32) {
        guard !isFull else { return }
        slots[Int(count)] = UInt16(truncatingIfNeeded: slot)
        count += 1
    }

    func contains(_ slot: UInt32) -> Bool {
        for index in 0..<Int(count) where slots[index] == UInt16(truncatingIfNeeded: slot) { return true }
        return false
    }
}

/// A worker's choice of endpoint. One for each worker; no locks, no allocation.
struct Balancer {
    /// Endpoints of one service that are compared for each connection; of more, two are drawn.
    static let mostCompared = 256
    /// Draws for two endpoints that were not tried before.
    private static let mostDraws = 8

    let policy: BalancePolicy
    /// Connections of all workers that an endpoint may have; the largest number for no limit.
    let cap: UInt32
    private var random: UInt64
    private var turns: UInt64

    /// - Parameter seed: different for each process and worker, so that a thousand sidecars that start together do
    ///   not all begin with the same endpoint.
    init(policy: BalancePolicy, cap: UInt32 = .max, seed: UInt64) {
        self.policy = policy
        self.cap = cap
        var seeds = SplitMix(seed: seed)
        // xorshift must not start at 0.
        random = max(1, seeds.next())
        turns = seeds.next()
    }

    /// The row of the endpoint to use next, or nil when all have been tried or are full, or there is none.
    ///
    /// - Parameter isSpare: stays in the first tier and makes no trial: a spare is for speed, and not because something
    ///   is amiss.
    mutating func choose(
        from set: EndpointSet,
        excluding tried: TriedEndpoints,
        loads: LoadTable,
        isSpare: Bool = false
    ) -> Int? {
        guard set.count > 0 else { return nil }
        if set.trials > 0, !isSpare, let row = trial(of: set, excluding: tried, loads: loads) { return row }
        let candidates = Candidates(set: set, tried: tried, loads: loads.sumsNow, cap: cap)
        let preferred =
            switch policy {
            case .leastConnections:
                set.preferred > Self.mostCompared ? betterOfTwo(candidates) : leastLoaded(candidates)
            case .twoChoices: betterOfTwo(candidates)
            case .roundRobin: next(candidates)
            case .random: any(candidates)
            }
        if let preferred { return preferred }
        return set.preferred < set.count && !isSpare ? cheapestBeyond(candidates) : nil
    }

    /// Of the rows behind the first tier; from a place drawn on, so that equals are not always the same.
    private mutating func cheapestBeyond(_ candidates: Candidates) -> Int? {
        let set = candidates.set
        let count = set.count - set.preferred
        let start = draw(below: count)
        var best: Int? = nil
        var bestCost = UInt64.max
        for offset in 0..<count {
            let row = set.preferred + (start + offset) % count
            let cost = candidates.cost(of: row)
            if cost < bestCost { (best, bestCost) = (row, cost) }
        }
        return best
    }

    /// The one connection that an ejected endpoint is tried with, if no worker has taken it yet.
    private func trial(of set: EndpointSet, excluding tried: TriedEndpoints, loads: LoadTable) -> Int? {
        for row in set.count - set.trials..<set.count {
            let slot = unsafe set.slots[row]
            if tried.contains(slot) || (cap < .max && loads.load(of: slot) >= cap) { continue }
            if loads.outcomes.takeTrial(slot: slot) { return row }
        }
        return nil
    }

    /// The least loaded of all, for its weight, and among equals each with the same chance.
    private mutating func leastLoaded(_ candidates: Candidates) -> Int? {
        guard candidates.set.isUniform else { return leastByWeight(candidates) }
        if candidates.areAllOpen { return least(candidates) { $0.openLoad(of: $1) } }
        return least(candidates) { $0.load(of: $1) }
    }

    /// The cheapest; and of those in their slow start, which have a part of their weight, in as many choices as that part,
    /// those too that would be as cheap with all of it. By their cost alone they would get nothing where loads are small:
    /// one connection on a newcomer would count more than two on any other.
    private mutating func leastByWeight(_ candidates: Candidates) -> Int? {
        let count = candidates.set.preferred
        var least = UInt64.max
        for row in 0..<count { least = min(least, candidates.cost(of: row)) }
        guard least < .max else { return nil }
        let chance = UInt64(draw(below: 1 << 16))
        return unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: Self.mostCompared + 1) { equals in
            var found = 0
            for row in 0..<count {
                let cost = candidates.cost(of: row)
                guard cost <= least || candidates.isAdmitted(row, cost, least, chance) else { continue }
                unsafe equals[found] = UInt16(truncatingIfNeeded: row)
                found += 1
            }
            guard found > 0 else { return candidates.first(from: 0, to: count) }
            return unsafe Int(equals[draw(below: found)])
        }
    }

    /// Two passes without a branch that depends on a load: loads of about the same size would mispredict it. The second
    /// reads what the first has seen.
    @inline(__always)
    private mutating func least(_ candidates: Candidates, _ cost: (Candidates, Int) -> UInt32) -> Int? {
        let count = candidates.set.preferred
        return unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: Self.mostCompared) { costs in
            var least = UInt32.max
            for row in 0..<count {
                let cost = cost(candidates, row)
                unsafe costs[row] = cost
                least = min(least, cost)
            }
            guard least < .max else { return nil }
            return unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: Self.mostCompared + 1) { equals in
                var found = 0
                for row in 0..<count {
                    unsafe equals[found] = UInt16(truncatingIfNeeded: row)
                    // The sign, as a number in place of a branch: 1 where there is no excess.
                    let excess = Int64(unsafe costs[row]) &- Int64(least)
                    found &+= Int(truncatingIfNeeded: UInt64(bitPattern: excess &- 1) >> 63)
                }
                return unsafe Int(equals[draw(below: found)])
            }
        }
    }

    /// The better of two drawn at random (Mitzenmacher, "The power of two choices in randomized load balancing", 2001).
    /// Where only tried endpoints are drawn, the next that was not.
    private mutating func betterOfTwo(_ candidates: Candidates) -> Int? {
        var best: Int? = nil
        var bestCost = UInt64.max
        var drawn = 0
        for _ in 0..<Self.mostDraws where drawn < 2 {
            let row = draw(below: candidates.set.preferred)
            let cost = candidates.cost(of: row)
            guard row != best, cost < .max else { continue }
            drawn += 1
            if cost < bestCost { (best, bestCost) = (row, cost) }
        }
        return best ?? candidates.firstAround(draw(below: candidates.set.preferred))
    }

    /// One after the other; those with less than the greatest weight let turns go by, evenly.
    private mutating func next(_ candidates: Candidates) -> Int? {
        let count = UInt64(candidates.set.preferred)
        for _ in 0..<candidates.set.preferred * Self.mostDraws {
            turns &+= 1
            let (lap, row) = turns.quotientAndRemainder(dividingBy: count)
            let part = candidates.part(of: Int(row))
            // In 2^16ths of the greatest weight: a turn each time that their sum passes a whole.
            let before = ((lap & 0xffff_ffff) &* part) >> 16
            let after = (((lap & 0xffff_ffff) &+ 1) &* part) >> 16
            if before != after, candidates.isOpen(Int(row)) { return Int(row) }
        }
        return candidates.firstAround(Int(turns % count))
    }

    /// Any, with the chance that its weight gives it.
    private mutating func any(_ candidates: Candidates) -> Int? {
        for _ in 0..<Self.mostDraws * 4 {
            let row = draw(below: candidates.set.preferred)
            if candidates.isOpen(row), UInt64(draw(below: 1 << 16)) < candidates.part(of: row) { return row }
        }
        return candidates.firstAround(draw(below: candidates.set.preferred))
    }

    /// A number from 0 on (Lemire, "Fast random integer generation in an interval", 2019, without the rejection: the bias
    /// is a part in millions).
    private mutating func draw(below count: Int) -> Int {
        Int(truncatingIfNeeded: ((nextRandom() & 0xFFFF_FFFF) &* UInt64(count)) >> 32)
    }

    /// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016).
    private mutating func nextRandom() -> UInt64 {
        random ^= random >> 12
        random ^= random << 25
        random ^= random >> 27
        return (random &* 0x2545_F491_4F6C_DD1D) >> 16
    }
}

/// The rows of one choice, with what speaks against each.
private struct Candidates {
    let set: EndpointSet
    let tried: TriedEndpoints
    let loads: LoadSums
    let cap: UInt32

    /// Whether nothing speaks against any row.
    var areAllOpen: Bool { tried.count == 0 && cap == .max }

    /// The connections of a row's endpoint, where all are open.
    @inline(__always)
    func openLoad(of row: Int) -> UInt32 { loads.load(of: unsafe set.slots[row]) }

    /// The connections of a row's endpoint, or the largest number for one that has been tried or is full.
    @inline(__always)
    func load(of row: Int) -> UInt32 {
        let slot = unsafe set.slots[row]
        let load = loads.load(of: slot)
        return load >= cap || (tried.count > 0 && tried.contains(slot)) ? .max : load
    }

    /// The tier, and within it what one more connection makes of the load, by weight; the largest number as above.
    @inline(__always)
    func cost(of row: Int) -> UInt64 {
        let load = load(of: row)
        let packed = unsafe set.costs[row]
        let cost = (packed & 0xff00_0000_0000_0000) &+ (UInt64(load) &+ 1) &* (packed & 0xffff_ffff)
        return load == .max ? .max : cost
    }

    /// Whether a row with a part of its weight is as good as the cheapest in this choice.
    ///
    /// - Parameter chance: drawn for this choice, below 2^16.
    func isAdmitted(_ row: Int, _ cost: UInt64, _ least: UInt64, _ chance: UInt64) -> Bool {
        let part = unsafe (set.costs[row] >> 32) & 0xffff
        guard part > chance, cost < .max else { return false }
        let tier = cost & 0xff00_0000_0000_0000
        // A preferred row has the tier of the cheapest one.
        return tier | (((cost ^ tier) >> 16) &* part) <= least
    }

    func isOpen(_ row: Int) -> Bool { load(of: row) < .max }

    /// The weight of a preferred row in 2^16ths of the greatest.
    func part(of row: Int) -> UInt64 {
        set.isUniform ? 1 << 16 : unsafe (UInt64(set.leastCost) << 16) / (set.costs[row] & 0xffff_ffff)
    }

    func first(from start: Int, to end: Int) -> Int? {
        for row in start..<end where isOpen(row) { return row }
        return nil
    }

    /// The next preferred row from here on.
    func firstAround(_ start: Int) -> Int? {
        first(from: start, to: set.preferred) ?? first(from: 0, to: start)
    }
}
