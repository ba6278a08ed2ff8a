import Reactor
import Synchronization
import Testing

@testable import Fanout

@Suite struct RebalanceTests {
    private static func plan(_ sessions: [Int], dead: Set<Int> = [], weights: [Int]? = nil) -> RebalancePlan {
        let rows = sessions.enumerated().map { index, count in
            RebalancePlan.Endpoint(slot: UInt32(index), sessions: count, weight: weights?[index] ?? 1)
        }
        return RebalancePlan(rows) { !dead.contains(Int($0.slot)) }
    }

    private static func moves(_ plan: RebalancePlan) -> [Int: Int] {
        Dictionary(uniqueKeysWithValues: plan.moves.map { (Int($0.slot), Int($0.count)) })
    }

    @Test func nothingMovesWithinTheTolerance() {
        for sessions in [[], [5], [0, 0], [1, 0], [2, 1], [10, 10, 11], [100, 109, 91], [1, 0, 0]] {
            #expect(Self.plan(sessions).moves.isEmpty, "\(sessions)")
        }
    }

    @Test func aTwentiethOfASurplusMovesInASecond() {
        #expect(Self.moves(Self.plan([100, 100, 100, 0, 0, 0])) == [0: 5, 1: 5, 2: 5])
        #expect(Self.moves(Self.plan([2, 0])) == [0: 1])
        #expect(Self.moves(Self.plan([12, 10, 10])) == [0: 1])
    }

    /// Also where each of many is only a little above its share, so that a new one is not left with nothing.
    @Test func littleFromEachIsEnough() {
        let plan = Self.plan(Array(repeating: 100, count: 10) + [0])
        #expect(!plan.isBalanced)
        #expect(Self.moves(plan).count == 10)
        #expect(Self.moves(plan).values.allSatisfy { $0 == 5 })
    }

    @Test func noMoreMovesThanTheOthersAreShortOf() {
        // 400 are 80 each: one lacks two, all the others have more than enough.
        let moves = Self.moves(Self.plan([81, 81, 81, 88, 69]))
        #expect(moves.values.reduce(0, +) == 7)
        #expect(moves[3] == 4)
    }

    @Test func nobodyMovesForAnEndpointThatCannotBeConnectedTo() {
        #expect(Self.plan([50, 50, 0], dead: [2]).moves.isEmpty)
        // The others share what there is.
        #expect(Self.moves(Self.plan([80, 20, 0], dead: [2])) == [0: 4])
        // One that has its share is not asked.
        #expect(Self.plan([50, 50, 50], dead: [0, 1, 2]).moves.isEmpty)
    }

    @Test func weightsAreShares() {
        #expect(Self.plan([100, 200], weights: [1, 2]).moves.isEmpty)
        #expect(Self.moves(Self.plan([150, 150], weights: [1, 2])) == [0: 7])
    }

    /// Each second a step, with sessions that come back where there are fewest: it ends, and within the tolerance.
    @Test(arguments: [
        [100, 100, 100, 0, 0, 0], [300, 0], [1_000, 1_000, 0], [7, 0, 0], [10, 10, 10, 10, 10, 0], [900, 1, 1],
    ])
    func itComesToAnEnd(start: [Int]) {
        var sessions = start
        var seconds = 0
        while !Self.plan(sessions).moves.isEmpty, seconds < 120 {
            seconds += 1
            for (slot, count) in Self.plan(sessions).moves {
                sessions[Int(slot)] -= Int(count)
                for _ in 0..<count {
                    let least = sessions.indices.min { sessions[$0] < sessions[$1] } ?? 0
                    sessions[least] += 1
                }
            }
        }
        #expect(seconds < 60, "\(sessions)")
        #expect(sessions.reduce(0, +) == start.reduce(0, +))
        let share = Double(start.reduce(0, +)) / Double(start.count)
        #expect(sessions.allSatisfy { abs(Double($0) - share) <= max(1, share / 10) }, "\(sessions)")
    }

    @Test func aTicketIsTakenOnce() throws {
        let tickets = try RebalanceTickets(slots: 8)
        let round = tickets.round
        tickets.grant([])
        #expect(tickets.round == round)
        tickets.grant([(3, 1_000), (5, 1)])
        #expect(tickets.round != round)
        let taken = Atomic<Int>(0)
        var threads = ThreadGroup()
        for _ in 0..<3 {
            try threads.start("worker") { while tickets.take(3) { taken.add(1, ordering: .relaxed) } }
        }
        threads.join()
        #expect(taken.load(ordering: .relaxed) == 1_000)
        #expect(!tickets.hasTickets(3) && tickets.hasTickets(5) && !tickets.hasTickets(4))
        // What was not taken is void with the next round.
        tickets.grant([(4, 2)])
        #expect(!tickets.take(5))
        #expect(tickets.take(4) && tickets.take(4) && !tickets.take(4))
    }

    @Test func theProbeTellsWhoListens() throws {
        let listener = try ListeningSocket(
            SocketAddress(ipv4: [127, 0, 0, 1], port: 0),
            workers: 1,
            dualStack: false
        )
        let gone = try ListeningSocket(
            SocketAddress(ipv4: [127, 0, 0, 1], port: 0),
            workers: 1,
            dualStack: false
        )
        Socket.closeGracefully(gone.descriptors[0])
        let endpoints = [listener.address, gone.address].enumerated().map { index, address in
            EndpointAssignment(
                endpoint: Endpoint(address: address, name: "\(address)"),
                service: 0,
                slot: UInt32(index),
                identity: UInt64(index + 1),
                traits: EndpointTraits()
            )
        }
        var probe = EndpointProbe()
        var now = Deadline.now()
        func look() -> [Bool] { endpoints.map { probe.isConnectable($0, now: now) } }
        #expect(look() == [false, false])
        // Loopback answers before connect(2) has returned.
        probe.collect(known: [1, 2], now: now)
        #expect(look() == [true, false])
        probe.collect(known: [1, 2], now: now)
        #expect(look() == [true, false])
        // It does not last.
        Socket.closeGracefully(listener.descriptors[0])
        probe.collect(known: [1, 2], now: now)
        now = now.advanced(by: EndpointProbe.patience + 1)
        probe.collect(known: [1, 2], now: now)
        #expect(look() == [false, false])
        probe.collect(known: [], now: now)
    }
}
