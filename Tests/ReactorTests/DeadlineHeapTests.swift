import Reactor
import Testing

@Suite struct DeadlineTests {
    @Test func timeIsCountedWithoutOverflow() {
        let moment = Deadline(nanoseconds: 100)
        #expect(moment.advanced(by: 5).nanoseconds == 105)
        #expect(moment.advanced(by: .max) == .never)
        #expect(Deadline.never.advanced(by: 1) == .never)
        #expect(moment.since(Deadline(nanoseconds: 40)) == 60)
        #expect(moment.since(Deadline(nanoseconds: 140)) == 0)
        #expect(moment < .never)
    }

    @Test func theClockOnlyMovesForward() {
        var last = Deadline.now()
        for _ in 0..<1_000 {
            let now = Deadline.now()
            #expect(now >= last)
            last = now
        }
    }
}

@Suite struct DeadlineHeapTests {
    private static let start = Deadline(nanoseconds: 1_000)

    @Test func anEmptyHeapHasNoDeadline() throws {
        let heap = try DeadlineHeap(capacity: 4)
        #expect(heap.count == 0)
        #expect(heap.next == .never)
        #expect(heap.popExpired(at: .never) == nil)
        heap.clear(3)
        #expect(heap.count == 0)
    }

    @Test func aDeadlineExpiresAtItsMomentNotBefore() throws {
        let heap = try DeadlineHeap(capacity: 4)
        heap.set(2, Self.start)
        #expect(heap.popExpired(at: Deadline(nanoseconds: 999)) == nil)
        #expect(heap.popExpired(at: Self.start) == 2)
        #expect(heap.popExpired(at: Self.start) == nil)
    }

    @Test func anOwnerHasOneDeadline() throws {
        let heap = try DeadlineHeap(capacity: 2)
        heap.set(0, Self.start)
        heap.set(1, Self.start.advanced(by: 10))
        heap.set(0, Self.start.advanced(by: 20))
        #expect(heap.count == 2)
        #expect(heap.next == Self.start.advanced(by: 10))
        #expect(heap.popExpired(at: .never) == 1)
        #expect(heap.popExpired(at: .never) == 0)
        #expect(heap.count == 0)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func randomOperationsAgreeWithAModel(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let capacity = Int.random(in: 1...60, using: &random)
        let heap = try DeadlineHeap(capacity: capacity)
        var model: [UInt32: UInt64] = [:]
        var now: UInt64 = 0
        for _ in 0..<3_000 {
            let owner = UInt32.random(in: 0..<UInt32(capacity), using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                // Few different moments, so that many deadlines are equal.
                let deadline = now + UInt64.random(in: 0..<40, using: &random)
                heap.set(owner, Deadline(nanoseconds: deadline))
                model[owner] = deadline
            case 5..<7:
                heap.clear(owner)
                model[owner] = nil
            case _:
                now += UInt64.random(in: 0..<8, using: &random)
                while let expired = heap.popExpired(at: Deadline(nanoseconds: now)) {
                    let known = model.removeValue(forKey: expired)
                    let deadline = try #require(known, "seed \(seed)")
                    #expect(deadline <= now)
                    #expect(model.values.allSatisfy { $0 >= deadline }, "not the earliest, seed \(seed)")
                }
                #expect(model.values.allSatisfy { $0 > now }, "one was left, seed \(seed)")
            }
            #expect(heap.count == model.count)
            #expect(heap.next.nanoseconds == model.values.min() ?? .max, "seed \(seed)")
        }
    }
}
