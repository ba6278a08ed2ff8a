import Glibc
import Reactor
import Synchronization
import Testing

@testable import Fanout

@Suite struct AccessRecordsTests {
    private let doorbell: Wakeup
    private let records: AccessRecords

    init() throws {
        doorbell = try Wakeup()
        records = try AccessRecords(doorbell: doorbell)
    }

    private static func record(_ number: UInt64) -> AccessRecord {
        AccessRecord(
            connection: number,
            endpoint: number &* 3,
            at: Deadline(nanoseconds: number),
            durationMicroseconds: 0,
            txBytes: number &* 5,
            rxBytes: number &* 7,
            connectMicroseconds: 0,
            firstByteMicroseconds: 0,
            error: 0,
            service: 0,
            attempts: 1,
            worker: 0,
            reason: .clientFin,
            isOpen: false,
            client: CompactAddress()
        )
    }

    private func drained() -> [UInt64] {
        var numbers: [UInt64] = []
        records.drain { numbers.append($0.connection) }
        return numbers
    }

    private var hasRung: Bool {
        var entry = pollfd(fd: doorbell.descriptor, events: Int16(POLLIN), revents: 0)
        return unsafe poll(&entry, 1, 0) == 1
    }

    @Test func recordsComeOutAsTheyWentIn() {
        #expect(drained().isEmpty)
        for number in 0..<100 as Range<UInt64> { #expect(records.append(Self.record(number))) }
        #expect(drained() == Array(0..<100))
        #expect(drained().isEmpty)
    }

    @Test func aFullQueueRefusesAndTakesAgainWhenItWasRead() {
        let capacity = UInt64(AccessRecords.capacity)
        // Several times around.
        for round in 0..<3 as Range<UInt64> {
            for number in 0..<capacity { #expect(records.append(Self.record(round * capacity + number))) }
            for _ in 0..<5 { #expect(!records.append(Self.record(.max))) }
            #expect(drained() == Array(round * capacity..<(round + 1) * capacity))
        }
    }

    @Test func theDoorbellRingsOnceForASleeper() {
        #expect(!hasRung)
        #expect(records.readerMaySleep())
        #expect(records.append(Self.record(1)))
        #expect(hasRung)
        doorbell.clear()
        // It is awake now: more is not worth a ring.
        for number in 2..<100 as Range<UInt64> { #expect(records.append(Self.record(number))) }
        #expect(!hasRung)
        #expect(drained().count == 99)
    }

    @Test func aReaderMayNotSleepOverWhatIsThere() {
        #expect(records.append(Self.record(1)))
        #expect(!records.readerMaySleep())
        #expect(drained() == [1])
        #expect(records.readerMaySleep())
    }

    @Test func theDoorbellRingsBeforeThePauseOfAnAwakeReaderCostsRecords() {
        #expect(records.append(Self.record(0)))
        doorbell.clear()
        var firstRing: Int?
        for number in 1..<AccessRecords.capacity {
            #expect(records.append(Self.record(UInt64(number))))
            if firstRing == nil && hasRung { firstRing = number }
        }
        #expect(firstRing == AccessRecords.capacity / 2)
    }

    /// A reader that sleeps only by the rules, without a time limit: if a ring were missing, it would never wake.
    @Test func aSleeperIsWokenForEveryRecord() throws {
        let count: UInt64 = 50_000
        let (records, doorbell) = (records, doorbell)
        let wrong = Atomic<Int>(0)
        let seen = Atomic<UInt64>(0)
        let isStuck = Atomic<Bool>(false)
        var threads = ThreadGroup()
        try threads.start("reader") {
            var next: UInt64 = 0
            while next < count {
                records.drain { record in
                    if record.connection != next || record.endpoint != next &* 3 || record.rxBytes != next &* 7 {
                        wrong.add(1, ordering: .relaxed)
                    }
                    next = record.connection + 1
                }
                seen.store(next, ordering: .relaxed)
                guard next < count, records.readerMaySleep() else { continue }
                var entry = pollfd(fd: doorbell.descriptor, events: Int16(POLLIN), revents: 0)
                if unsafe poll(&entry, 1, 20_000) == 0 {
                    isStuck.store(true, ordering: .relaxed)
                    return
                }
                doorbell.clear()
            }
        }
        try threads.start("worker") {
            var number: UInt64 = 0
            while number < count, !isStuck.load(ordering: .relaxed) {
                if records.append(Self.record(number)) {
                    number += 1
                } else {
                    sched_yield()
                }
                // Now and then the reader gets to sleep, and the next record must wake it.
                if number % 8 == 0 { sched_yield() }
            }
        }
        threads.join()
        let (hasStopped, last) = (isStuck.load(ordering: .relaxed), seen.load(ordering: .relaxed))
        #expect(!hasStopped, "the reader slept over record \(last)")
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(last == count)
    }

    @Test func whatIsDroppedIsCountedAndNothingElseIsLost() throws {
        let count: UInt64 = 200_000
        let records = records
        let isOver = Atomic<Bool>(false)
        let dropped = Atomic<UInt64>(0)
        let read = Atomic<UInt64>(0)
        let wrong = Atomic<Int>(0)
        var threads = ThreadGroup()
        try threads.start("worker") {
            for number in 0..<count where !records.append(Self.record(number)) { dropped.add(1, ordering: .relaxed) }
            isOver.store(true, ordering: .releasing)
        }
        try threads.start("reader") {
            var last: UInt64?
            var isLastLook = false
            while true {
                records.drain { record in
                    if let last, record.connection <= last { wrong.add(1, ordering: .relaxed) }
                    if record.txBytes != record.connection &* 5 { wrong.add(1, ordering: .relaxed) }
                    last = record.connection
                    read.add(1, ordering: .relaxed)
                }
                if isLastLook { return }
                // A slow reader, so that the queue runs full.
                for _ in 0..<50 { sched_yield() }
                isLastLook = isOver.load(ordering: .acquiring)
            }
        }
        threads.join()
        #expect(wrong.load(ordering: .relaxed) == 0)
        #expect(read.load(ordering: .relaxed) + dropped.load(ordering: .relaxed) == count)
    }
}
