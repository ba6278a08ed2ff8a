import Testing

@testable import Fanout

@Suite struct TriedEndpointsTests {
    @Test func whatWasInsertedIsContainedUntilAllIsForgotten() {
        var tried = TriedEndpoints()
        #expect(!tried.contains(0))
        tried.insert(0)
        tried.insert(UInt32(SlotBook.capacity - 1))
        #expect(tried.contains(0))
        #expect(tried.contains(UInt32(SlotBook.capacity - 1)))
        #expect(!tried.contains(1))
        #expect(tried.count == 2)
    }

    @Test func aFullListTakesNoMore() {
        var tried = TriedEndpoints()
        for slot in 0..<UInt32(TriedEndpoints.capacity) {
            #expect(!tried.isFull)
            tried.insert(slot)
        }
        #expect(tried.isFull)
        tried.insert(1_000)
        #expect(!tried.contains(1_000))
        #expect((0..<UInt32(TriedEndpoints.capacity)).allSatisfy { tried.contains($0) })
    }

    @Test func everySlotFitsInWhatIsKept() {
        #expect(SlotBook.capacity <= Int(UInt16.max) + 1)
    }
}
