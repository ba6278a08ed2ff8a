import Testing

@testable import Fanout

/// Weights, tiers, limits and trials; what is alike for all is in BalancerTests.
@Suite struct WeightedBalancerTests {
    private struct Bench: ~Copyable {
        let snapshot: SnapshotOwner
        let loads: LoadTable
        var balancer: Balancer
        var counts: [Int]

        init(_ plan: EndpointPlan, _ policy: BalancePolicy = .leastConnections, cap: UInt32 = .max) throws {
            let rows = plan.rows.map { row in
                EndpointSnapshot.Row(
                    slot: UInt32(row.candidate),
                    address: Endpoint.numbered(row.candidate).address,
                    identity: UInt64(row.candidate),
                    tier: row.tier,
                    cost: row.cost,
                    part: row.part,
                    isTrial: row.isTrial
                )
            }
            snapshot = SnapshotOwner(EndpointSnapshot(version: 1, services: [rows]))
            loads = try LoadTable(workers: 1, slots: 1_024)
            balancer = Balancer(policy: policy, cap: cap, seed: 7)
            counts = Array(repeating: 0, count: 1_024)
        }

        /// The slot chosen, which then holds one connection more.
        @discardableResult
        mutating func open(_ tried: TriedEndpoints = TriedEndpoints()) -> Int? {
            let set = snapshot.value.endpoints(of: 0)
            guard let row = balancer.choose(from: set, excluding: tried, loads: loads) else { return nil }
            let slot = unsafe set.slots[row]
            loads.increment(worker: 0, slot: slot)
            counts[Int(slot)] += 1
            return Int(slot)
        }
    }

    private typealias Candidate = EndpointPlan.Candidate

    /// At most one connection for each unit of weight, at every moment.
    @Test func heldConnectionsFollowTheWeights() throws {
        let weights = [1, 2, 3, 10]
        var bench = try Bench(EndpointPlan(weights.map { Candidate(weight: $0) }))
        for total in 1...1_600 {
            bench.open()
            let loads = zip(bench.counts, weights).map { Double($0) / Double($1) }
            #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= 1, "after \(total): \(bench.counts.prefix(4))")
        }
        #expect(Array(bench.counts.prefix(4)) == [100, 200, 300, 1_000])
    }

    @Test(arguments: [BalancePolicy.roundRobin, .random])
    func turnsFollowTheWeights(policy: BalancePolicy) throws {
        let weights = [1, 2, 5]
        var bench = try Bench(EndpointPlan(weights.map { Candidate(weight: $0) }), policy)
        for _ in 0..<8_000 { bench.open() }
        for (count, weight) in zip(bench.counts, weights) {
            let expected = weight * 1_000
            // Of the draws 200 is more than six standard deviations.
            #expect(abs(count - expected) < (policy == .random ? 300 : 10), "\(bench.counts.prefix(3))")
        }
    }

    @Test func twoChoicesStayCloseToEven() throws {
        var bench = try Bench(EndpointPlan((0..<100).map { _ in Candidate() }), .twoChoices)
        for _ in 0..<10_000 { bench.open() }
        let counts = bench.counts.prefix(100)
        // About log log n / log 2 over the mean; drawing at random would spread over 60.
        #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 10, "\(counts)")
    }

    /// A new one among loaded ones gets its share and not a flood.
    @Test func slowStartTakesAShareOfWhatIsHeld() throws {
        var bench = try Bench(EndpointPlan([Candidate(share: 0.1), Candidate(), Candidate()]))
        for slot in [1, 2] as [UInt32] { for _ in 0..<100 { bench.loads.increment(worker: 0, slot: slot) } }
        for _ in 0..<50 { bench.open() }
        #expect((10...13).contains(bench.counts[0]), "\(bench.counts.prefix(3))")
    }

    /// Where loads are small too: among endpoints with none it is chosen now and then, by its share.
    @Test func slowStartIsNoStarvationWhereLoadsAreSmall() throws {
        var bench = try Bench(EndpointPlan([Candidate(share: 0.25)] + (0..<9).map { _ in Candidate() }))
        for _ in 0..<10_000 {
            if let slot = bench.open() { bench.loads.decrement(worker: 0, slot: UInt32(slot)) }
        }
        // A quarter of a tenth, of which 250 are expected: 80 are five standard deviations.
        #expect((170...330).contains(bench.counts[0]), "\(bench.counts.prefix(10))")
    }

    @Test(arguments: BalancePolicy.allCases)
    func theNextTierIsForThoseThatHaveTriedTheFirst(policy: BalancePolicy) throws {
        var bench = try Bench(
            EndpointPlan([Candidate(), Candidate(priority: 1), Candidate(share: 0), Candidate()]),
            policy
        )
        for _ in 0..<40 { bench.open() }
        #expect(bench.counts[1] == 0 && bench.counts[2] == 0)
        var tried = TriedEndpoints()
        tried.insert(0)
        tried.insert(3)
        #expect(bench.open(tried) == 1)
        tried.insert(1)
        #expect(bench.open(tried) == 2)
        tried.insert(2)
        #expect(bench.open(tried) == nil)
    }

    @Test(arguments: BalancePolicy.allCases)
    func fullOnesGetNoMore(policy: BalancePolicy) throws {
        var bench = try Bench(
            EndpointPlan([Candidate(), Candidate(weight: 5), Candidate(priority: 1)]),
            policy,
            cap: 4
        )
        var order: [Int] = []
        while let slot = bench.open() { order.append(slot) }
        #expect(Array(bench.counts.prefix(3)) == [4, 4, 4])
        // What does not find a place in the first tier spills over to the next.
        #expect(Array(order.suffix(4)) == [2, 2, 2, 2])
        bench.loads.decrement(worker: 0, slot: 1)
        #expect(bench.open() == 1)
    }

    @Test(arguments: BalancePolicy.allCases)
    func aTrialIsOneConnection(policy: BalancePolicy) throws {
        var bench = try Bench(EndpointPlan([Candidate(), Candidate(), Candidate(share: 0, isOnTrial: true)]), policy)
        for _ in 0..<20 { bench.open() }
        #expect(bench.counts[2] == 0, "not offered yet")
        bench.loads.outcomes.offerTrial(slot: 2)
        #expect(bench.open() == 2)
        for _ in 0..<20 { bench.open() }
        #expect(bench.counts[2] == 1)
        bench.loads.outcomes.offerTrial(slot: 2)
        bench.loads.outcomes.withdrawTrial(slot: 2)
        bench.open()
        #expect(bench.counts[2] == 1)
    }

    /// It would be used up in vain.
    @Test func aTrialOfAFullEndpointIsLeft() throws {
        var bench = try Bench(EndpointPlan([Candidate(), Candidate(share: 0, isOnTrial: true)]), cap: 2)
        for _ in 0..<2 { bench.loads.increment(worker: 0, slot: 1) }
        bench.loads.outcomes.offerTrial(slot: 1)
        #expect(bench.open() == 0)
        #expect(bench.loads.outcomes.isTrialLeft(slot: 1))
        bench.loads.decrement(worker: 0, slot: 1)
        #expect(bench.open() == 1)
    }

    /// It is for speed: neither a backup nor a trial is a place for it.
    @Test(arguments: BalancePolicy.allCases)
    func aSpareStaysInTheFirstTier(policy: BalancePolicy) throws {
        var bench = try Bench(
            EndpointPlan([Candidate(), Candidate(priority: 1), Candidate(share: 0, isOnTrial: true), Candidate()]),
            policy
        )
        bench.loads.outcomes.offerTrial(slot: 2)
        let set = bench.snapshot.value.endpoints(of: 0)
        var tried = TriedEndpoints()
        for slot in [0, 3] as [UInt32] {
            let row = bench.balancer.choose(from: set, excluding: tried, loads: bench.loads, isSpare: true)
            #expect(row.map { $0 < set.preferred } == true)
            tried.insert(slot)
        }
        #expect(bench.balancer.choose(from: set, excluding: tried, loads: bench.loads, isSpare: true) == nil)
        #expect(bench.loads.outcomes.isTrialLeft(slot: 2))
    }

    /// Beyond the size up to which all are compared, weights count all the same.
    @Test func manyEndpointsWithWeights() throws {
        var bench = try Bench(EndpointPlan((0..<400).map { Candidate(weight: $0 < 200 ? 1 : 3) }))
        for _ in 0..<16_000 { bench.open() }
        let light = bench.counts[0..<200].reduce(0, +)
        #expect((3_500...4_500).contains(light), "\(light)")
    }
}
