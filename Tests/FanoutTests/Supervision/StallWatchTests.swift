import Reactor
import Testing

@testable import Fanout

/// A worker that does not come back to its loop is told of, once.
@Suite struct StallWatchTests {
    private let memory: SharedRows
    private var workers: [WorkerStatistics] { memory.rows }

    /// Statistics of workers in memory of their own.
    @safe private final class SharedRows {
        let rows: [WorkerStatistics]
        private let memory: UnsafeMutableRawPointer

        init(_ count: Int) {
            let bytes = count * WorkerStatistics.bytes
            let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 128)
            unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
            unsafe self.memory = memory
            rows = (0..<count).map { unsafe WorkerStatistics(row: memory + $0 * WorkerStatistics.bytes) }
        }

        deinit { unsafe memory.deallocate() }
    }

    init() { memory = SharedRows(3) }

    private func at(_ milliseconds: UInt64) -> Deadline { Deadline(nanoseconds: milliseconds * 1_000_000) }

    @Test func aTurnThatLastsTooLongIsToldOfOnce() {
        var watch = StallWatch(workers: 3)
        workers[1].setAwake(since: at(5_000).nanoseconds)
        #expect(watch.look(at: workers, now: at(5_999)) == [])
        #expect(watch.look(at: workers, now: at(6_000)) == [StallWatch.Stall(worker: 1, milliseconds: 1_000)])
        #expect(watch.look(at: workers, now: at(9_000)) == [])
        workers[1].setAwake(since: 0)
        #expect(watch.look(at: workers, now: at(99_000)) == [])
        workers[1].setAwake(since: at(100_000).nanoseconds)
        workers[2].setAwake(since: at(100_500).nanoseconds)
        let both = watch.look(at: workers, now: at(102_000))
        #expect(both == [.init(worker: 1, milliseconds: 2_000), .init(worker: 2, milliseconds: 1_500)])
    }

    @Test func sleepersAndShortTurnsAreNot() {
        var watch = StallWatch(workers: 3)
        #expect(watch.look(at: workers, now: at(1_000_000)) == [])
        for turn in UInt64(1)...20 {
            workers[0].setAwake(since: at(turn * 1_000).nanoseconds)
            #expect(watch.look(at: workers, now: at(turn * 1_000 + 900)) == [])
        }
    }
}
