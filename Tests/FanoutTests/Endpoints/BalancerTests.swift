import Testing

@testable import Fanout

@Suite struct BalancerTests {
    /// Not 0, 1, 2: a row is not a slot.
    private static let slots: [UInt32] = [7, 3, 11, 20, 5, 6]
    private let snapshot = SnapshotOwner(.of(slots: slots))
    private let loads: LoadTable
    private var set: EndpointSet { snapshot.value.endpoints(of: 0) }

    init() throws { loads = try LoadTable(workers: 3, slots: 32) }

    @Test func theLeastLoadedOverAllWorkersIsChosen() {
        // Worker 0 alone would choose row 1; all together make row 4 the least loaded.
        for (row, counts) in [(5, 0, 0), (0, 4, 4), (3, 3, 3), (9, 0, 0), (1, 0, 1), (0, 3, 3)].enumerated() {
            for (worker, count) in [counts.0, counts.1, counts.2].enumerated() {
                for _ in 0..<count { loads.increment(worker: worker, slot: Self.slots[row]) }
            }
        }
        var balancer = Balancer(policy: .leastConnections, seed: 1)
        for _ in 0..<50 { #expect(balancer.choose(from: set, excluding: TriedEndpoints(), loads: loads) == 4) }
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func tiesAreSpreadOverAll(seed: UInt64) {
        var balancer = Balancer(policy: .leastConnections, seed: seed &* 0x9E37_79B9_7F4A_7C15)
        var counts = [Int](repeating: 0, count: 6)
        for _ in 0..<600 {
            if let row = balancer.choose(from: set, excluding: TriedEndpoints(), loads: loads) { counts[row] += 1 }
        }
        #expect(counts.reduce(0, +) == 600)
        // 100 each are expected; 45 is six standard deviations off.
        #expect(counts.allSatisfy { $0 > 45 }, "\(counts)")
    }

    @Test(arguments: BalancePolicy.allCases)
    func processesThatStartTogetherDoNotAllBeginWithTheSame(policy: BalancePolicy) {
        var random = SeededGenerator(seed: 1)
        let firsts = (0..<100).map { _ in
            var balancer = Balancer(policy: policy, seed: random.next())
            return balancer.choose(from: set, excluding: TriedEndpoints(), loads: loads)
        }
        #expect(Set(firsts).count == 6)
    }

    @Test func workersOfOneProcessDrawDifferently() {
        // As a worker mixes its number into the seed.
        let sequences = (0..<4 as Range<UInt64>).map { worker in
            var balancer = Balancer(policy: .leastConnections, seed: 5 &+ worker &* 0x9E37_79B9_7F4A_7C15)
            return (0..<20).map { _ in balancer.choose(from: set, excluding: TriedEndpoints(), loads: loads) }
        }
        #expect(Set(sequences).count == 4)
    }

    @Test func theSameSeedDrawsTheSame() {
        var one = Balancer(policy: .leastConnections, seed: 77)
        var two = Balancer(policy: .leastConnections, seed: 77)
        for _ in 0..<100 {
            #expect(
                one.choose(from: set, excluding: TriedEndpoints(), loads: loads)
                    == two.choose(from: set, excluding: TriedEndpoints(), loads: loads)
            )
        }
    }

    @Test(arguments: BalancePolicy.allCases)
    func triedOnesAreLeftOutUntilNoneIsLeft(policy: BalancePolicy) throws {
        var balancer = Balancer(policy: policy, seed: 9)
        for _ in 0..<50 {
            var tried = TriedEndpoints()
            var rows: Set<Int> = []
            for _ in Self.slots {
                let choice = balancer.choose(from: set, excluding: tried, loads: loads)
                let row = try #require(choice)
                #expect(rows.insert(row).inserted, "chosen although it was tried")
                tried.insert(Self.slots[row])
            }
            #expect(balancer.choose(from: set, excluding: tried, loads: loads) == nil)
        }
    }

    @Test func aLoadedEndpointIsBetterThanATriedOne() {
        for slot in Self.slots.dropFirst() { for _ in 0..<5 { loads.increment(worker: 1, slot: slot) } }
        for _ in 0..<2 { loads.increment(worker: 2, slot: 11) }
        loads.decrement(worker: 1, slot: 20)
        var tried = TriedEndpoints()
        tried.insert(7)
        var balancer = Balancer(policy: .leastConnections, seed: 2)
        #expect(balancer.choose(from: set, excluding: tried, loads: loads) == 3)
    }

    @Test(arguments: BalancePolicy.allCases)
    func anEmptySetHasNoChoice(policy: BalancePolicy) {
        let empty = SnapshotOwner(.of(slots: []))
        var balancer = Balancer(policy: policy, seed: 1)
        #expect(
            balancer.choose(from: empty.value.endpoints(of: 0), excluding: TriedEndpoints(), loads: loads) == nil
        )
    }

    @Test func roundRobinVisitsEveryEndpointInTurn() {
        var balancer = Balancer(policy: .roundRobin, seed: 12_345)
        let picks = (0..<18).compactMap { _ in
            balancer.choose(from: set, excluding: TriedEndpoints(), loads: loads)
        }
        for start in 0..<12 { #expect(Set(picks[start..<start + 6]).count == 6) }
        #expect(picks[..<6] == picks[6..<12])
    }

    @Test func roundRobinWrapsAround() {
        // The last turns before the counter overflows.
        var balancer = Balancer(policy: .roundRobin, seed: .max)
        for _ in 0..<1_000 {
            let row = balancer.choose(from: set, excluding: TriedEndpoints(), loads: loads)
            #expect(row.map { (0..<6).contains($0) } == true)
        }
    }

    @Test(arguments: [1, 2, 3])
    func connectionsOpenedOneAfterAnotherDifferByAtMostOne(workers: Int) throws {
        var balancers = (0..<workers).map { Balancer(policy: .leastConnections, seed: UInt64($0) &* 1_000_003) }
        for round in 0..<500 {
            let worker = round % workers
            let choice = balancers[worker].choose(from: set, excluding: TriedEndpoints(), loads: loads)
            let row = try #require(choice)
            loads.increment(worker: worker, slot: Self.slots[row])
            let held = Self.slots.map { loads.load(of: $0) }
            #expect((held.max() ?? 0) - (held.min() ?? 0) <= 1, "\(held)")
        }
    }

    /// Beyond what is compared for each connection two are drawn: a loaded one wins only against a more loaded one.
    @Test func ofVeryManyTheBetterOfTwoIsChosen() throws {
        let count = Balancer.mostCompared + 1
        let many = SnapshotOwner(.of(slots: (0..<UInt32(count)).map { $0 }))
        let loads = try LoadTable(workers: 1, slots: count)
        for slot in 0..<UInt32(count) { for _ in 0..<(slot % 2) { loads.increment(worker: 0, slot: slot) } }
        var balancer = Balancer(policy: .leastConnections, seed: 3)
        var tried = TriedEndpoints()
        tried.insert(0)
        var loaded = 0
        var rows: Set<Int> = []
        for _ in 0..<4_000 {
            let choice = balancer.choose(from: many.value.endpoints(of: 0), excluding: tried, loads: loads)
            let row = try #require(choice)
            #expect(row != 0)
            rows.insert(row)
            loaded += row % 2
        }
        // Half of the endpoints are loaded, so a quarter of the pairs: 1,000 are expected, 800 is seven deviations off.
        #expect((800...1_200).contains(loaded), "\(loaded)")
        #expect(rows.count == count - 1)
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func closingAndOpeningAtRandomEvensOutAgain(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var balancer = Balancer(policy: .leastConnections, seed: seed)
        var held: [UInt32] = []
        for _ in 0..<2_000 {
            if held.isEmpty || Int.random(in: 0..<3, using: &random) > 0 {
                let choice = balancer.choose(from: set, excluding: TriedEndpoints(), loads: loads)
                let row = try #require(choice)
                let least = Self.slots.map { loads.load(of: $0) }.min()
                #expect(loads.load(of: Self.slots[row]) == least)
                loads.increment(worker: 0, slot: Self.slots[row])
                held.append(Self.slots[row])
            } else {
                loads.decrement(worker: 0, slot: held.remove(at: Int.random(in: 0..<held.count, using: &random)))
            }
        }
        for slot in held { loads.decrement(worker: 0, slot: slot) }
        #expect(Self.slots.allSatisfy { loads.load(of: $0) == 0 })
    }
}

/// Frees a snapshot at the end of a test.
final class SnapshotOwner {
    let value: EndpointSnapshot

    init(_ value: EndpointSnapshot) { self.value = value }

    deinit { value.free() }
}
