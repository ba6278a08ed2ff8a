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
        if set.count > Self.mostCompared { return betterOfTwo(of: set, excluding: tried, loads: loads) }
        // Two passes without a branch that depends on a load: loads of about the same size would mispredict it.
        var least = UInt32.max
        for row in 0..<set.count { least = min(least, unsafe load(of: set.slots[row], excluding: tried, in: loads)) }
        guard least < .max else { return nil }
        return unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: Self.mostCompared + 1) { equals in
            var count = 0
            for row in 0..<set.count {
                unsafe equals[count] = UInt16(truncatingIfNeeded: row)
                let excess = Int64(unsafe load(of: set.slots[row], excluding: tried, in: loads)) &- Int64(least)
                // The sign, as a number: 1 where there is no excess.
                count &+= Int(truncatingIfNeeded: UInt64(bitPattern: excess &- 1) >> 63)
            }
            // Other workers may have taken all of them in the meantime; any will do then.
            guard count > 0 else { return first(of: set, from: 0, excluding: tried) }
            return unsafe Int(equals[draw(below: count)])
        }
    }

    /// The load of a slot, or the largest number for one that has been tried.
    @inline(__always)
    private func load(of slot: UInt32, excluding tried: TriedEndpoints, in loads: LoadTable) -> UInt32 {
        tried.count > 0 && tried.contains(slot) ? .max : loads.load(of: slot)
    }

    /// Where only tried endpoints are drawn, the next that was not.
    private mutating func betterOfTwo(of set: EndpointSet, excluding tried: TriedEndpoints, loads: LoadTable) -> Int? {
        var best: Int? = nil
        var bestLoad = UInt32.max
        var drawn = 0
        for _ in 0..<Self.mostDraws where drawn < 2 {
            let row = draw(below: set.count)
            let slot = unsafe set.slots[row]
            guard row != best, tried.count == 0 || !tried.contains(slot) else { continue }
            drawn += 1
            let load = loads.load(of: slot)
            if load < bestLoad { (best, bestLoad) = (row, load) }
        }
        return best ?? first(of: set, from: draw(below: set.count), excluding: tried)
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
