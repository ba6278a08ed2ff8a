import Reactor
import Testing

@Suite struct SlabTests {
    @Test func everySlotIsGivenOnceAndThenNoMore() throws {
        let slab = try Slab<UInt64>(capacity: 5)
        let slots = (0..<5).compactMap { _ in slab.take() }
        #expect(Set(slots) == [0, 1, 2, 3, 4])
        #expect(slab.take() == nil)
        #expect(slab.used == 5)
        slab.giveBack(3)
        #expect(slab.used == 4)
        #expect(slab.take() == 3)
        #expect(slab.take() == nil)
    }

    @Test func theLastSlotGivenBackIsTheFirstTaken() throws {
        let slab = try Slab<UInt64>(capacity: 100)
        for _ in 0..<10 { _ = slab.take() }
        slab.giveBack(2)
        slab.giveBack(7)
        #expect(slab.take() == 7)
        #expect(slab.take() == 2)
        // Free slots are used up before memory that nobody has touched.
        #expect(slab.touched == 10)
        #expect(slab.take() == 10)
        #expect(slab.touched == 11)
    }

    @Test func valuesStayWhereTheyAre() throws {
        let slab = try Slab<UInt64>(capacity: 3)
        for slot in 0..<UInt32(3) {
            _ = slab.take()
            let fresh = unsafe slab.pointer(slot).pointee
            #expect(fresh == 0)
            unsafe slab.pointer(slot).pointee = UInt64(slot) * 11
        }
        slab.giveBack(1)
        #expect(slab.take() == 1)
        let values = (0..<3).map { unsafe slab.pointer($0).pointee }
        #expect(values == [0, 11, 22])
    }

    @Test func aSlabWithoutSlotsGivesNone() throws {
        #expect(try Slab<UInt64>(capacity: 0).take() == nil)
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func randomUseAgreesWithAModel(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let slab = try Slab<UInt32>(capacity: 32)
        var held: Set<UInt32> = []
        var mostHeld = 0
        for _ in 0..<2_000 {
            if Bool.random(using: &random) {
                let slot = slab.take()
                #expect((slot == nil) == (held.count == 32), "seed \(seed)")
                if let slot { #expect(held.insert(slot).inserted, "given twice, seed \(seed)") }
            } else if let slot = held.sorted().randomElement(using: &random) {
                held.remove(slot)
                slab.giveBack(slot)
            }
            mostHeld = max(mostHeld, held.count)
            #expect(slab.used == held.count)
            #expect(slab.touched == mostHeld)
        }
    }
}
