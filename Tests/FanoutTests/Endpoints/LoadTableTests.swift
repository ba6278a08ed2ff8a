import Testing

@testable import Fanout

@Suite struct LoadTableTests {
    @Test func aLoadIsTheSumOverAllWorkers() throws {
        let loads = try LoadTable(workers: 3, slots: 8)
        loads.increment(worker: 0, slot: 5)
        loads.increment(worker: 2, slot: 5)
        loads.increment(worker: 2, slot: 5)
        loads.increment(worker: 1, slot: 4)
        #expect(loads.load(of: 5) == 3)
        #expect(loads.load(of: 4) == 1)
        #expect((0..<8).map { loads.load(of: $0) } == [0, 0, 0, 0, 1, 3, 0, 0])
        loads.decrement(worker: 2, slot: 5)
        #expect(loads.load(of: 5) == 2)
    }

    @Test func theLastSlotOfARowIsNotTheFirstOfTheNext() throws {
        let loads = try LoadTable(workers: 2, slots: 4)
        loads.increment(worker: 0, slot: 3)
        #expect(loads.load(of: 0) == 0)
        loads.increment(worker: 1, slot: 0)
        #expect(loads.load(of: 3) == 1)
        #expect(loads.load(of: 0) == 1)
    }

    @Test func workersCountAtTheSameTimeWithoutLosingAny() throws {
        let loads = try LoadTable(workers: 4, slots: 16)
        var threads = ThreadGroup()
        for worker in 0..<4 {
            try threads.start("worker-\(worker)") {
                for round in 0..<20_000 {
                    let slot = UInt32(round % 16)
                    loads.increment(worker: worker, slot: slot)
                    // Every third one goes again, and any thread may look.
                    if round % 3 == 0 { loads.decrement(worker: worker, slot: slot) }
                    if round % 64 == 0 { _ = loads.load(of: slot) }
                }
            }
        }
        threads.join()
        let perSlot = (0..<20_000).reduce(into: [UInt32](repeating: 0, count: 16)) { counts, round in
            if round % 3 != 0 { counts[round % 16] += 4 }
        }
        #expect((0..<16).map { loads.load(of: $0) } == perSlot)
    }
}
