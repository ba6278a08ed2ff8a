import Testing

@testable import Fanout

@Suite struct StarvedQueueTests {
    /// Flows of a worker, and their queue.
    @safe private final class Bench {
        var queue = StarvedQueue()
        let flows: UnsafeMutablePointer<Flow>
        private let count: Int

        init(_ count: Int) {
            self.count = count
            unsafe flows = .allocate(capacity: count)
            unsafe flows.initialize(repeating: .fresh, count: count)
        }

        deinit { unsafe flows.deallocate() }

        func append(_ index: UInt32) { unsafe queue.append(index, in: flows) }
        func popFirst() -> UInt32? { unsafe queue.popFirst(in: flows) }
        func remove(_ index: UInt32) { unsafe queue.remove(index, in: flows) }
    }

    @Test func firstComeFirstServed() {
        let bench = Bench(10)
        #expect(bench.popFirst() == nil)
        for index in [0, 9, 4] as [UInt32] { bench.append(index) }
        #expect(bench.queue.count == 3)
        #expect(bench.popFirst() == 0)
        #expect(bench.popFirst() == 9)
        bench.append(0)
        #expect(bench.popFirst() == 4)
        #expect(bench.popFirst() == 0)
        #expect(bench.popFirst() == nil)
        #expect(bench.queue.count == 0)
    }

    @Test(arguments: [0, 1, 2] as [UInt32])
    func anyPlaceCanBeLeft(leaving: UInt32) {
        let bench = Bench(4)
        for index in 0..<UInt32(3) { bench.append(index) }
        bench.remove(leaving)
        bench.append(3)
        #expect((0..<3).compactMap { _ in bench.popFirst() } == [0, 1, 2, 3].filter { $0 != leaving })
        #expect(bench.popFirst() == nil)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func randomUseAgreesWithAModel(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let bench = Bench(24)
        var model: [UInt32] = []
        for _ in 0..<3_000 {
            let index = UInt32.random(in: 0..<24, using: &random)
            if let place = model.firstIndex(of: index) {
                model.remove(at: place)
                bench.remove(index)
            } else if Int.random(in: 0..<3, using: &random) == 0 {
                #expect(bench.popFirst() == (model.isEmpty ? nil : model.removeFirst()), "seed \(seed)")
            } else {
                model.append(index)
                bench.append(index)
            }
            #expect(bench.queue.count == model.count)
        }
        while !model.isEmpty { #expect(bench.popFirst() == model.removeFirst(), "seed \(seed)") }
        #expect(bench.popFirst() == nil)
    }
}
