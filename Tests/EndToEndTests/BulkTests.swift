import Foundation
import Testing
import Traffic

/// Streams so large that they are spliced: every byte in order, a FIN as a FIN, a reset as a reset after the bytes, and
/// no pipe, buffer, descriptor or operation left behind.
@Suite(.serialized)
struct BulkTests {
    private static let total = 32 << 20

    /// The reader begins when everything is full and takes little at a time: the destination is blocked again and again.
    @Test(arguments: Ways.allCases, [64 << 10, 5_000])
    func everyByteInOrder(ways: Ways, piece: Int) throws {
        let rig = try StreamRig()
        let ends = try rig.connect()
        let streams = ways.senders(ends)
        try StreamPeer.fill(streams.map(\.from))
        try rig.waitForPipes(ways.count)
        for (from, to) in streams {
            from.toSend = Self.total
            to.toReceive = Self.total
        }
        try StreamPeer.move([ends.client, ends.upstream], piece: piece)
        #expect(try rig.total("spliced_bytes") > Self.total / 4)
        ends.client.halfClose()
        #expect(try ends.upstream.receiveUntilEnd() == .endOfStream)
        ends.upstream.close()
        #expect(try ends.client.receiveUntilEnd() == .endOfStream)
        ends.client.close()
        try rig.expectHome()
    }

    /// The end of a stream comes while it is blocked, in the pipe and before it; the other stream goes on.
    @Test(arguments: Ways.allCases)
    func halfCloseWhileBlocked(ways: Ways) throws {
        let rig = try StreamRig()
        let ends = try rig.connect()
        let streams = ways.senders(ends)
        try StreamPeer.fill(streams.map(\.from))
        try rig.waitForPipes(ways.count)
        for (from, _) in streams { from.halfClose() }
        for (from, to) in streams {
            #expect(try to.receiveUntilEnd() == .endOfStream)
            #expect(to.received == from.sent)
        }
        if let (from, to) = streams.first, ways != .both {
            to.toSend = 100_000
            from.toReceive = 100_000
            try StreamPeer.move([from, to])
            to.halfClose()
            #expect(try from.receiveUntilEnd() == .endOfStream)
            #expect(from.received == 100_000)
        }
        ends.client.close()
        ends.upstream.close()
        try rig.expectHome()
    }

    /// The source is reset while its destination takes nothing: the bytes that preceded arrive, and then the reset.
    @Test(arguments: [Ways.up, .down])
    func resetOfABlockedSource(ways: Ways) throws {
        let rig = try StreamRig()
        let ends = try rig.connect()
        let (from, to) = ways.senders(ends)[0]
        let preceding = try from.sendUntilHeldUp()
        try rig.waitForPipes(1)
        from.reset()
        #expect(try to.receiveUntilEnd() == .reset)
        #expect(to.received >= preceding)
        try rig.expectHome()
    }

    /// The destination is reset with a full pipe before it: its source is reset too.
    @Test(arguments: Ways.allCases)
    func resetOfABlockedDestination(ways: Ways) throws {
        let rig = try StreamRig()
        let ends = try rig.connect()
        let streams = ways.senders(ends)
        try StreamPeer.fill(streams.map(\.from))
        try rig.waitForPipes(ways.count)
        let (from, to) = streams[0]
        to.reset()
        #expect(try from.receiveUntilEnd() == .reset)
        try rig.expectHome()
    }

    /// A stream that calms down is copied again, and one that picks up is spliced again.
    @Test func bulkAndMessagesInTurn() throws {
        let rig = try StreamRig()
        let ends = try rig.connect()
        let rounds = 4
        for round in 1...rounds {
            try rig.fanout.wait("bulk in round \(round)") {
                try StreamPeer.fill([ends.client])
                ends.client.toSend = ends.client.sent
                ends.upstream.toReceive = ends.client.sent
                let starts = try rig.total("bulk_starts")
                try StreamPeer.move([ends.client, ends.upstream])
                return starts >= round
            }
            try rig.fanout.wait("calm in round \(round)") {
                for _ in 0..<20 {
                    for (from, to) in Ways.both.senders(ends) {
                        from.toSend += 1_000
                        to.toReceive += 1_000
                        try StreamPeer.move([from, to])
                    }
                }
                return try rig.total("pipes") == 0
            }
        }
        ends.client.close()
        #expect(try ends.upstream.receiveUntilEnd() == .endOfStream)
        ends.upstream.close()
        try rig.expectHome()
    }

    /// Those without a pipe are copied, and come to their end like the others.
    @Test func moreStreamsThanPipes() throws {
        let rig = try StreamRig(["--max-connections", "64"])
        let connections = try (1...20).map { try rig.connect(seed: $0) }
        let ends = connections.flatMap { [$0.client, $0.upstream] }
        try StreamPeer.fill(ends)
        // As many as a worker with few connections has.
        try rig.waitForPipes(8)
        for (client, upstream) in connections {
            (client.toSend, upstream.toReceive) = (client.sent + 1 << 20, client.sent + 1 << 20)
            (upstream.toSend, client.toReceive) = (upstream.sent + 1 << 20, upstream.sent + 1 << 20)
        }
        try StreamPeer.move(ends)
        for (client, upstream) in connections {
            client.halfClose()
            upstream.halfClose()
            #expect(try client.receiveUntilEnd() == .endOfStream)
            #expect(try upstream.receiveUntilEnd() == .endOfStream)
            client.close()
            upstream.close()
        }
        try rig.expectHome()
    }

    @Test func aDrainWaitsForBlockedStreams() throws {
        let rig = try StreamRig()
        let ends = try rig.connect()
        let streams = Ways.both.senders(ends)
        try StreamPeer.fill(streams.map(\.from))
        try rig.waitForPipes(2)
        rig.fanout.signal(SIGQUIT)
        try rig.fanout.wait("drain") { !rig.fanout.messages("draining").isEmpty }
        for (from, to) in streams {
            from.toSend = Self.total
            to.toReceive = Self.total
        }
        try StreamPeer.move([ends.client, ends.upstream])
        ends.client.halfClose()
        #expect(try ends.upstream.receiveUntilEnd() == .endOfStream)
        ends.upstream.close()
        #expect(try ends.client.receiveUntilEnd() == .endOfStream)
        #expect(try rig.fanout.exitCode() == 0)
    }

    /// Both ends go at once while everything is full.
    @Test func bothEndsGoWhileBlocked() throws {
        let rig = try StreamRig()
        let ends = try rig.connect()
        try StreamPeer.fill([ends.client, ends.upstream])
        try rig.waitForPipes(2)
        ends.client.reset()
        ends.upstream.reset()
        try rig.expectHome()
    }

    /// Resets and ends of every kind with streams that are spliced, and readers that rest.
    @Test func verifiedStreamsInAllEndings() throws {
        let servers = [VerifyingServer(), VerifyingServer()]
        defer { for server in servers { server.stop() } }
        let fanout = try proxy(to: servers.map(\.address))
        defer { fanout.stop() }
        let address = try fanout.address()
        let before = try fanout.quietState()
        var options = VerifyingClient.Options()
        options.connections = 300
        options.concurrency = 16
        options.maximumUpload = 16 << 20
        options.maximumDownload = 16 << 20
        options.pauseShare = 0.5
        options.seed = 7
        let report = VerifyingClient.run(options, to: address, servers: servers)
        #expect(report.totalFaults == 0, "\(report)")
        let after = try fanout.quietState()
        #expect(after.total("bulk_starts") > 0)
        #expect(after.total("pipes") == 0)
        #expect(after.total("pending_operations") == before.total("pending_operations"))
        #expect(after.total("free_buffers") == before.total("free_buffers"))
        #expect(after.process["descriptors"] == before.process["descriptors"])
        #expect(try fanout.quit() == 0)
    }
}
