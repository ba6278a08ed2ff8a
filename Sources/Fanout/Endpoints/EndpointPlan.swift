/// Which endpoints of a service get traffic, and how much of it: the table that workers choose from.
///
/// Rows come in tiers; a worker takes the least loaded one of the first tier, and goes to the next only when it has
/// tried all of that in vain, or all of it is full. Pure.
struct EndpointPlan: Equatable, Sendable {
    struct Candidate: Sendable {
        var weight = 1
        var priority = 0
        /// 0 for the nearest (Preference).
        var distance = 0
        var isDraining = false
        /// Of its weight; 0 for one that is ejected.
        var share = 1.0
        var isOnTrial = false
        /// Ejections in a row.
        var severity = 0
    }

    struct Row: Equatable, Sendable {
        let candidate: Int
        let tier: UInt8
        /// What one connection on it counts, in ``unit``.
        let cost: UInt32
        /// Of its weight during a slow start, in 2^16ths, at most 65,535; 0 for others, suspects too.
        let part: UInt16
        let isTrial: Bool
    }

    /// What a connection counts on an endpoint of weight 1.
    static let unit = 1 << 24
    /// Of endpoints that are ejected: the last resort of a connection that has tried all others.
    static let lastTier = UInt8(254)

    let rows: [Row]

    private struct Level: Hashable, Comparable {
        let priority: Int
        let distance: Int

        init(_ candidate: Candidate) {
            priority = candidate.priority
            distance = candidate.distance
        }

        static func < (left: Level, right: Level) -> Bool {
            (left.priority, left.distance) < (right.priority, right.distance)
        }
    }

    init(_ candidates: [Candidate]) {
        let active = candidates.indices.filter { !candidates[$0].isDraining }
        var shares = candidates.map(\.share)
        Self.keepEnough(candidates, active, &shares)
        let tiers = Self.tiers(candidates, active.filter { shares[$0] > 0 }, active)
        // Who would not be used if it were well is not tried either.
        let reach = active.filter { tiers[$0] == 0 }.map { Level(candidates[$0]) }.max()
        let rows = active.map { index in
            let share = shares[index] > 0 ? shares[index] : 1
            let cost = Double(Self.unit) / (Double(candidates[index].weight) * share)
            return Row(
                candidate: index,
                tier: tiers[index] ?? Self.lastTier,
                cost: UInt32(min(cost.rounded(), Double(UInt32.max))),
                part: share < 1 && share > EndpointHealth.suspectShare ? UInt16(share * 65_536) : 0,
                isTrial: shares[index] == 0 && candidates[index].isOnTrial
                    && reach.map { Level(candidates[index]) <= $0 } ?? true
            )
        }
        // By tier, trials last; the order given otherwise.
        self.rows = rows.enumerated().sorted {
            ($0.element.tier, $0.element.isTrial ? 1 : 0, $0.offset)
                < ($1.element.tier, $1.element.isTrial ? 1 : 0, $1.offset)
        }.map(\.element)
    }

    /// The floor: where all look bad, all are used; else at least half of those that stand in for each other. The ones
    /// that were ejected the least come back to that end, as suspects.
    private static func keepEnough(_ candidates: [Candidate], _ active: [Int], _ shares: inout [Double]) {
        guard active.contains(where: { shares[$0] > 0 }) else {
            for index in active { shares[index] = 1 }
            return
        }
        for (_, group) in Dictionary(grouping: active, by: { candidates[$0].priority }) {
            let out = group.filter { shares[$0] == 0 }.sorted {
                (candidates[$0].severity, $0) < (candidates[$1].severity, $1)
            }
            // A group without a usable one leaves its place to the next.
            guard out.count < group.count else { continue }
            let lacking = (group.count + 1) / 2 - (group.count - out.count)
            for index in out.prefix(max(0, lacking)) { shares[index] = EndpointHealth.suspectShare }
        }
    }

    /// By priority, then by distance; where fewer than half of the near ones are usable, the next ones help them.
    private static func tiers(_ candidates: [Candidate], _ usable: [Int], _ active: [Int]) -> [Int: UInt8] {
        func level(_ index: Int) -> Level { Level(candidates[index]) }
        let all = Dictionary(grouping: active, by: level)
        let left = Dictionary(grouping: usable, by: level)
        var tiers: [Int: UInt8] = [:]
        var tier: UInt8 = 0
        var sum = (usable: 0, all: 0)
        var previous: Level?
        for level in all.keys.sorted() {
            if let previous {
                let isEnough = sum.usable > 0 && sum.usable * 2 >= sum.all
                if sum.usable > 0, previous.priority != level.priority || isEnough {
                    tier = min(tier + 1, lastTier - 1)
                    sum = (0, 0)
                } else if previous.priority != level.priority {
                    sum = (0, 0)
                }
            }
            sum.usable += left[level]?.count ?? 0
            sum.all += all[level]?.count ?? 0
            for index in left[level] ?? [] { tiers[index] = tier }
            previous = level
        }
        return tiers
    }
}
