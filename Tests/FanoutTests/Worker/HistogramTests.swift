import Reactor
import Testing

@testable import Fanout

@Suite struct HistogramTests {
    private let memory: SharedMemory
    private let histogram: Histogram

    init() throws {
        memory = try SharedMemory(bytes: CounterRow.bytes(of: Histogram.numbers + 2))
        histogram = unsafe Histogram(in: CounterRow(at: memory.at(0)), at: 1)
    }

    @Test func boundsRise() {
        for range in 1..<Histogram.bounded { #expect(Histogram.bound(range) > Histogram.bound(range - 1)) }
        #expect(Histogram.bound(Histogram.bounded) == .max)
        #expect(ServiceStatistics.isLaidOut)
    }

    /// `le` is "less or equal".
    @Test func aBoundBelongsToItsOwnRange() {
        for range in 0..<Histogram.bounded {
            histogram.count(Histogram.bound(range))
            #expect(histogram.reading.counts[range] == 1)
        }
        histogram.count(Histogram.bound(Histogram.bounded - 1) + 1)
        #expect(histogram.reading.counts[Histogram.bounded] == 1)
        #expect(histogram.reading.count == UInt64(Histogram.bounded) + 1)
    }

    @Test func neighboursAreLeftAlone() {
        histogram.count(0)
        histogram.count(.max)
        let row = unsafe CounterRow(at: memory.at(0))
        #expect(row[0] == 0)
        #expect(row[Histogram.numbers + 1] == 0)
    }

    @Test func theSumIsExact() {
        for time in 1...1_000 as ClosedRange<UInt64> { histogram.count(time) }
        #expect(histogram.reading.sum == 500_500)
        #expect(histogram.reading.count == 1_000)
    }

    @Test func quantilesLieWithinTheirRange() throws {
        #expect(histogram.reading.quantile(0.5) == nil)
        for _ in 0..<90 { histogram.count(60) }
        for _ in 0..<10 { histogram.count(3_000) }
        let reading = histogram.reading
        let median = try #require(reading.quantile(0.5))
        #expect(median > 50 && median <= 100)
        let last = try #require(reading.quantile(0.99))
        #expect(last > 2_500 && last <= 5_000)
        // At the edge of a range, exactly.
        #expect(reading.quantile(0.9) == 100)
    }

    @Test func whatIsBeyondTheLastBoundIsNotMadeUp() {
        histogram.count(.max)
        #expect(histogram.reading.quantile(0.5) == Double(Histogram.bound(Histogram.bounded - 1)))
    }

    @Test func readingsAddUp() {
        histogram.count(20)
        var sum = histogram.reading
        sum.add(histogram.reading)
        #expect(sum.counts[1] == 2)
        #expect(sum.sum == 40)
    }
}
