import Glibc
import Reactor
import Synchronization
import Testing

@testable import Fanout

@Suite struct InboxTests {
    private let memory: SharedMemory
    private let inbox: Inbox

    init() throws {
        memory = try SharedMemory(bytes: Inbox.bytes)
        inbox = unsafe Inbox(at: memory.at(0))
    }

    private static func client(_ number: Int) -> Inbox.Client {
        Inbox.Client(descriptor: Int32(truncatingIfNeeded: number), service: UInt32(truncatingIfNeeded: number) &* 7)
    }

    @Test func clientsComeOutAsTheyWentIn() {
        #expect(inbox.take() == nil)
        // Several times around.
        for number in 0..<3 * Inbox.capacity {
            #expect(inbox.push(Self.client(number)))
            #expect(inbox.push(Self.client(number + 1)))
            #expect(inbox.take() == Self.client(number))
            #expect(inbox.take() == Self.client(number + 1))
            #expect(inbox.take() == nil)
        }
    }

    @Test func aFullInboxRefusesAndTakesAgainWhenItWasRead() {
        for round in 0..<3 {
            for number in 0..<Inbox.capacity { #expect(inbox.push(Self.client(round + number))) }
            #expect(!inbox.push(Self.client(-1)))
            for number in 0..<Inbox.capacity { #expect(inbox.take() == Self.client(round + number)) }
            #expect(inbox.take() == nil)
        }
    }

    @Test func aClosedOneRefusesAndGivesWhatItHas() {
        #expect(inbox.push(Self.client(1)))
        #expect(!inbox.isFinished)
        inbox.close()
        #expect(!inbox.push(Self.client(2)))
        #expect(!inbox.isFinished)
        #expect(inbox.take() == Self.client(1))
        #expect(inbox.isFinished)
        #expect(inbox.take() == nil)
        #expect(!inbox.push(Self.client(3)))
    }

    /// Whatever was not refused is taken, once, in the order of each writer; also around the close.
    @Test func nothingIsLostBetweenManyWritersAndAClose() throws {
        let writers = 3
        let inbox = inbox
        for round in 0..<20 {
            let memory = try SharedMemory(bytes: Inbox.bytes)
            let inbox = round == 0 ? inbox : unsafe Inbox(at: memory.at(0))
            let accepted = Atomic<Int>(0)
            let taken = Atomic<Int>(0)
            let wrong = Atomic<Int>(0)
            let isClosed = Atomic<Bool>(false)
            let limit = 500 + round * 500
            var threads = ThreadGroup()
            for writer in 0..<writers {
                try threads.start("writer") {
                    var number = 0
                    // Full is for the moment; closed is for good, and then no push of this writer succeeds any more.
                    var attemptsLeft = 100
                    while attemptsLeft > 0 {
                        if isClosed.load(ordering: .relaxed) { attemptsLeft -= 1 }
                        let entry = Inbox.Client(descriptor: Int32(number), service: UInt32(writer))
                        if inbox.push(entry) {
                            number += 1
                            accepted.add(1, ordering: .relaxed)
                        } else {
                            sched_yield()
                        }
                    }
                }
            }
            try threads.start("reader") {
                var next = [Int32](repeating: 0, count: writers)
                var count = 0
                while !inbox.isFinished {
                    if let entry = inbox.take() {
                        if entry.descriptor != next[Int(entry.service)] { wrong.add(1, ordering: .relaxed) }
                        next[Int(entry.service)] = entry.descriptor + 1
                        count += 1
                        if count == limit {
                            inbox.close()
                            isClosed.store(true, ordering: .relaxed)
                        }
                    } else {
                        sched_yield()
                    }
                }
                taken.store(count, ordering: .relaxed)
            }
            threads.join()
            #expect(taken.load(ordering: .relaxed) == accepted.load(ordering: .relaxed))
            #expect(taken.load(ordering: .relaxed) >= limit)
            #expect(wrong.load(ordering: .relaxed) == 0)
            _ = memory
        }
    }
}
