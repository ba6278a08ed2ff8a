import Testing

@testable import Fanout

@Suite struct ConnectTimesTests {
    @Test func nothingIsSaidOfFew() {
        var times = ConnectTimes()
        for _ in 0..<15 { times.add(microseconds: 5_000) }
        #expect(times.spareDelay == ConnectTimes.unknownDelay)
        times.add(microseconds: 5_000)
        #expect(times.spareDelay < ConnectTimes.unknownDelay)
    }

    /// Twice the time, and up to a quarter more for the width of a bucket.
    @Test(arguments: [3_000, 5_000, 20_000, 80_000, 300_000] as [UInt32])
    func theDelayIsTwiceWhatIsUsual(microseconds: UInt32) {
        var times = ConnectTimes()
        for _ in 0..<160 { times.add(microseconds: microseconds) }
        let twice = 2_000 * UInt64(microseconds)
        #expect((twice...twice * 5 / 4).contains(times.spareDelay), "\(times.spareDelay)")
    }

    @Test func fiveOfAHundredDoNotCount() {
        var times = ConnectTimes()
        for index in 0..<800 as Range<UInt32> { times.add(microseconds: index % 25 == 0 ? 900_000 : 3_000) }
        #expect(times.spareDelay < 10_000_000)
    }

    @Test func shortTimesAreNotHedgedAgainst() {
        var times = ConnectTimes()
        for _ in 0..<100 { times.add(microseconds: 40) }
        #expect(times.spareDelay == ConnectTimes.shortestDelay)
    }

    @Test func whatIsPastIsForgotten() {
        var times = ConnectTimes()
        for _ in 0..<2_000 { times.add(microseconds: 100_000) }
        for _ in 0..<8_000 { times.add(microseconds: 2_000) }
        #expect(times.spareDelay < 10_000_000)
    }

    @Test func anyTimeHasItsPlace() {
        var times = ConnectTimes()
        for microseconds in [0, 1, 15, 16, 17, .max] as [UInt32] { times.add(microseconds: microseconds) }
    }
}
