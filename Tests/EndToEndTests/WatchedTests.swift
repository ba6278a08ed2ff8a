import Foundation
import Testing
import Traffic

/// Connections that carry small messages, whose directions are watched (TurnAround): what ends them, what interrupts them,
/// and what makes them something else.
@Suite(.serialized)
struct WatchedTests {
    typealias Ends = (client: StreamPeer, upstream: StreamPeer)

    /// Messages to and fro until both directions are watched.
    private func watched(_ rig: StreamRig, seed: UInt64 = 1) throws -> Ends {
        let starts = try rig.total("watch_starts")
        let ends = try rig.connect(seed: seed)
        try rig.fanout.wait("both directions are watched") {
            try exchange(ends, 20)
            return try rig.total("watch_starts") >= starts + 2
        }
        return ends
    }

    private func exchange(_ ends: Ends, _ messages: Int) throws {
        for _ in 0..<messages {
            try pass(100, from: ends.client, to: ends.upstream)
            try pass(300, from: ends.upstream, to: ends.client)
        }
    }

    private func pass(_ count: Int, from: StreamPeer, to: StreamPeer) throws {
        from.toSend = from.sent + count
        to.toReceive = from.toSend
        try StreamPeer.move([from, to])
    }

    /// With the process stopped, so that everything is there at once.
    private func whileBusy(_ rig: StreamRig, _ body: () throws -> Void) throws {
        rig.fanout.signal(SIGSTOP)
        defer { rig.fanout.signal(SIGCONT) }
        try rig.fanout.waitUntilStopped()
        try body()
    }

    private func sendAll(_ count: Int, _ peer: StreamPeer) throws {
        peer.toSend = peer.sent + count
        try StreamPeer.move([peer])
        try peer.waitUntilSent()
    }

    @Test func shortConnectionsAreNotWatched() throws {
        let rig = try StreamRig()
        for _ in 0..<5 {
            let ends = try rig.connect()
            try exchange(ends, 2)
            ends.client.close()
            ends.upstream.close()
        }
        try rig.expectHome()
        #expect(try rig.total("watch_starts") == 0)
    }

    /// The end comes in the same moment as the last bytes, and is told once.
    @Test(arguments: [Ways.up, .down], [0, 1, 16 << 10, 40_000])
    func theEndBehindBytes(ways: Ways, count: Int) throws {
        let rig = try StreamRig()
        let ends = try watched(rig)
        let (from, to) = ways.senders(ends)[0]
        try whileBusy(rig) {
            try sendAll(count, from)
            from.halfClose()
        }
        #expect(try to.receiveUntilEnd() == .endOfStream)
        #expect(to.received == from.sent)
        // The other direction goes on.
        for _ in 0..<5 { try pass(50, from: to, to: from) }
        to.close()
        #expect(try from.receiveUntilEnd() == .endOfStream)
        from.close()
        try rig.expectHome()
    }

    @Test(arguments: [Ways.up, .down], [1, 16 << 10, 40_000])
    func theResetBehindBytes(ways: Ways, count: Int) throws {
        let rig = try StreamRig()
        let ends = try watched(rig)
        let (from, to) = ways.senders(ends)[0]
        try whileBusy(rig) {
            try sendAll(count, from)
            from.reset()
        }
        #expect(try to.receiveUntilEnd() == .reset)
        #expect(to.received == from.sent)
        try rig.expectHome()
    }

    /// Receives stop at an urgent byte; what is behind it comes all the same.
    @Test(arguments: [Ways.up, .down])
    func bytesBehindUrgentData(ways: Ways) throws {
        let rig = try StreamRig()
        let ends = try watched(rig)
        let (from, to) = ways.senders(ends)[0]
        for _ in 0..<20 {
            try whileBusy(rig) {
                try sendAll(10, from)
                try from.sendUrgent()
                try sendAll(10, from)
            }
            to.toReceive = from.sent
            try StreamPeer.move([to])
        }
        ends.client.close()
        ends.upstream.close()
        try rig.expectHome()
    }

    /// What the destination does not take is kept, and what came meanwhile is not forgotten.
    @Test(arguments: Ways.allCases)
    func aDestinationThatDoesNotRead(ways: Ways) throws {
        let rig = try StreamRig()
        for seed in 1...3 as ClosedRange<UInt64> {
            let ends = try watched(rig, seed: seed)
            let senders = ways.senders(ends)
            try StreamPeer.fill(senders.map(\.from), piece: 700)
            for (from, to) in senders { to.toReceive = from.sent }
            try StreamPeer.move(senders.map(\.to))
            try exchange(ends, 20)
            for (from, to) in senders {
                from.halfClose()
                #expect(try to.receiveUntilEnd() == .endOfStream)
                #expect(to.received == from.sent)
            }
            ends.client.close()
            ends.upstream.close()
            try rig.expectHome()
        }
    }

    /// From small messages to bulk and back, again and again.
    @Test(arguments: Ways.allCases)
    func messagesAndBulkInTurn(ways: Ways) throws {
        let rig = try StreamRig()
        let ends = try watched(rig)
        let starts = try rig.total("bulk_starts")
        for _ in 0..<5 {
            for (from, to) in ways.senders(ends) {
                from.toSend = from.sent + 8 << 20
                to.toReceive = from.toSend
            }
            try StreamPeer.move([ends.client, ends.upstream])
            try exchange(ends, 30)
        }
        #expect(try rig.total("bulk_starts") > starts)
        ends.client.halfClose()
        #expect(try ends.upstream.receiveUntilEnd() == .endOfStream)
        ends.upstream.close()
        #expect(try ends.client.receiveUntilEnd() == .endOfStream)
        ends.client.close()
        try rig.expectHome()
    }

    /// Many connections and one shared buffer for each worker, some of them blocked.
    @Test func manyAtOnce() throws {
        let rig = try StreamRig()
        let blocked = try (1...8 as ClosedRange<UInt64>).map { try watched(rig, seed: $0) }
        try StreamPeer.fill(blocked.map(\.client), piece: 900)
        let moving = try (9...40 as ClosedRange<UInt64>).map { try watched(rig, seed: $0) }
        for _ in 0..<20 {
            for ends in moving {
                for (from, to) in Ways.both.senders(ends) {
                    from.toSend = from.sent + 200
                    to.toReceive = from.toSend
                }
            }
            try StreamPeer.move(moving.flatMap { [$0.client, $0.upstream] })
        }
        for ends in blocked { ends.upstream.toReceive = ends.client.sent }
        try StreamPeer.move(blocked.map(\.upstream))
        for ends in blocked + moving {
            ends.client.close()
            ends.upstream.close()
        }
        try rig.expectHome()
    }
}
