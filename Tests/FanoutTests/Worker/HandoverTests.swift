import Glibc
import Reactor
import Synchronization
import Testing

@testable import Fanout

@Suite struct HandoverTests {
    private static let second: UInt64 = 1_000_000_000

    @Test func shortSessionsStayWhereTheyAre() {
        var lifetimes = Lifetimes()
        var now = Deadline(nanoseconds: 5 * Self.second)
        #expect(!lifetimes.areShort(at: now), "nothing is known at first")
        for _ in 0..<20 {
            now = now.advanced(by: Self.second / 100)
            lifetimes.note(Self.second / 1_000, at: now)
        }
        #expect(lifetimes.areShort(at: now))
        // One long session among many short ones says little, many say it.
        lifetimes.note(2 * Self.second, at: now)
        #expect(lifetimes.areShort(at: now))
        for _ in 0..<20 { lifetimes.note(60 * Self.second, at: now) }
        #expect(!lifetimes.areShort(at: now))
        for _ in 0..<100 { lifetimes.note(Self.second / 1_000, at: now) }
        #expect(lifetimes.areShort(at: now))
        #expect(!lifetimes.areShort(at: now.advanced(by: Lifetimes.memory)), "what is past is forgotten")
    }

    @Test func theToleranceGrowsWithTheCount() {
        typealias W = Worker<EpollDriver>
        #expect((0..<8).allSatisfy { W.tolerance(of: $0, areShort: false) == 0 })
        #expect(W.tolerance(of: 800, areShort: false) == 100)
        #expect(W.tolerance(of: 10, areShort: true) == 16)
        #expect(W.tolerance(of: 100, areShort: true) == 50)
    }

    /// Workers that choose at once, each the least of all by what it has seen: the counts end level.
    @Test func claimsAreNeverMadeOnAnOldCount() throws {
        let workers = 4
        let table = try HandoverTable(wakeups: (0..<workers).map { _ in try Wakeup() })
        var threads = ThreadGroup()
        for _ in 0..<workers {
            try threads.start("worker") {
                for _ in 0..<5_000 {
                    var isPlaced = false
                    while !isPlaced {
                        let counts = (0..<workers).map { table.count(of: $0) }
                        let least = counts.indices.min { counts[$0] < counts[$1] } ?? 0
                        isPlaced = table.claim(least, seen: counts[least])
                    }
                }
            }
        }
        threads.join()
        let counts = (0..<workers).map { table.count(of: $0) }
        #expect(counts == [5_000, 5_000, 5_000, 5_000])
    }

    // MARK: A real worker

    /// What waits in the inbox when the drain begins is served: here without an endpoint, until the budget is spent.
    @Test(arguments: [false, true]) func aDrainServesWhatWasHandedOver(epoll: Bool) throws {
        let rig = try WorkerRig(epoll: epoll, budget: Self.second / 20)
        let clients = (0..<5).map { _ in socketPair() }
        for client in clients { #expect(rig.give(client.0)) }
        rig.order(.drain)
        try rig.run()
        #expect(rig.services.total(.accepted) == 5)
        #expect(rig.services.closed(.noEndpoint) == 5)
        #expect(rig.services.total(.active) == 0)
        #expect(rig.handover.count(of: 0) == 0)
        #expect(!rig.give(clients[0].1), "a worker that has gone takes nothing")
        for client in clients { Socket.closeGracefully(client.1) }
    }

    @Test(arguments: [false, true]) func aResetEndsWhatWasHandedOver(epoll: Bool) throws {
        let rig = try WorkerRig(epoll: epoll, budget: 3_600 * Self.second)
        let clients = (0..<5).map { _ in socketPair() }
        for client in clients { #expect(rig.give(client.0)) }
        rig.order(.reset)
        try rig.run()
        #expect(rig.services.total(.accepted) == 5)
        #expect(rig.services.closed(.drained) == 5)
        #expect(rig.handover.count(of: 0) == 0)
        for client in clients { Socket.closeGracefully(client.1) }
    }

    /// Another worker hands over all the time while this one ends: each client is served, or refused to its giver.
    @Test(arguments: [false, true]) func nothingHandedOverIsLostWhenAWorkerEnds(epoll: Bool) throws {
        let rig = try WorkerRig(epoll: epoll, budget: Self.second)
        let given = Atomic<UInt64>(0)
        let hasEnded = Atomic<Bool>(false)
        var threads = ThreadGroup()
        try threads.start("worker") {
            do {
                try rig.run()
            } catch {
                Issue.record("\(error)")
            }
            hasEnded.store(true, ordering: .releasing)
        }
        try threads.start("giver") {
            while true {
                let pair = socketPair()
                defer { Socket.closeGracefully(pair.1) }
                guard rig.give(pair.0) else {
                    Socket.closeGracefully(pair.0)
                    // Full for a moment, or closed for good.
                    if hasEnded.load(ordering: .acquiring) { return }
                    sched_yield()
                    continue
                }
                if given.add(1, ordering: .relaxed).newValue == 2_000 { rig.order(.drain) }
            }
        }
        threads.join()
        #expect(given.load(ordering: .relaxed) >= 2_000)
        #expect(rig.services.total(.accepted) + rig.services.total(.rejected) == given.load(ordering: .relaxed))
        #expect(rig.services.total(.active) == 0)
        #expect(rig.handover.count(of: 0) == 0)
    }
}
