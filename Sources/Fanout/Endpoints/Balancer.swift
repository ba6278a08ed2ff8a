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

    mutating func removeAll() { count = 0 }

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
    private var random: UInt64
    private var turns: UInt64

    /// - Parameter seed: different for each process and worker, so that a thousand sidecars that start together do
    ///   not all begin with the same endpoint.
    init(policy: BalancePolicy, seed: UInt64) {
        self.policy = policy
        // xorshift must not start at 0.
        random = max(1, Self.mixed(seed))
        turns = Self.mixed(seed &+ 1)
    }

    /// Seeds that differ in one bit give unlike results (splitmix64; Steele, Lea, Flood, 2014).
    private static func mixed(_ seed: UInt64) -> UInt64 {
        var value = seed &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// The row of the endpoint to use next, or nil when all have been tried or there is none.
    mutating func choose(from set: EndpointSet, excluding tried: TriedEndpoints, loads: LoadTable) -> Int? {
        guard set.count > 0 else { return nil }
        switch policy {
        case .leastConnections:
            return leastLoaded(of: set, excluding: tried, loads: loads)
        case .roundRobin:
            turns &+= 1
            return first(of: set, from: Int(turns % UInt64(set.count)), excluding: tried)
        }
    }

    /// The least loaded of all, and among equals each with the same chance; of two drawn at random where there are too
    /// many to look at (Mitzenmacher, "The power of two choices in randomized load balancing", 2001).
    private mutating func leastLoaded(of set: EndpointSet, excluding tried: TriedEndpoints, loads: LoadTable) -> Int? {
        if set.count > Self.mostCompared, let row = betterOfTwo(of: set, excluding: tried, loads: loads) { return row }
        var least = UInt32.max
        var equals: UInt64 = 0
        for row in 0..<set.count {
            let slot = unsafe set.slots[row]
            let load = loads.load(of: slot)
            guard load <= least, tried.count == 0 || !tried.contains(slot) else { continue }
            equals = load < least ? 1 : equals &+ 1
            least = load
        }
        guard equals > 0 else { return nil }
        var skipped = nextRandom() % equals
        var last: Int? = nil
        for row in 0..<set.count {
            let slot = unsafe set.slots[row]
            guard loads.load(of: slot) <= least, tried.count == 0 || !tried.contains(slot) else { continue }
            if skipped == 0 { return row }
            // Other workers may have taken some of the equals in the meantime: then it is the last of those left.
            last = row
            skipped &-= 1
        }
        return last ?? first(of: set, from: 0, excluding: tried)
    }

    /// Nil when tried endpoints were drawn again and again.
    private mutating func betterOfTwo(of set: EndpointSet, excluding tried: TriedEndpoints, loads: LoadTable) -> Int? {
        var best: Int? = nil
        var bestLoad = UInt32.max
        var drawn = 0
        for _ in 0..<Self.mostDraws where drawn < 2 {
            let row = Int(nextRandom() % UInt64(set.count))
            let slot = unsafe set.slots[row]
            guard row != best, tried.count == 0 || !tried.contains(slot) else { continue }
            drawn += 1
            let load = loads.load(of: slot)
            if load < bestLoad { (best, bestLoad) = (row, load) }
        }
        return best
    }

    private func first(of set: EndpointSet, from start: Int, excluding tried: TriedEndpoints) -> Int? {
        var row = start
        for _ in 0..<set.count {
            if unsafe !tried.contains(set.slots[row]) { return row }
            row += 1
            if row == set.count { row = 0 }
        }
        return nil
    }

    /// xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled", 2016).
    private mutating func nextRandom() -> UInt64 {
        random ^= random >> 12
        random ^= random << 25
        random ^= random >> 27
        return (random &* 0x2545_F491_4F6C_DD1D) >> 16
    }
}
