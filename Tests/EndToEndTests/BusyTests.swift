import Foundation
import Testing
import Traffic

/// What has happened while a worker was busy with others, and is there all at once: the process is stopped meanwhile.
@Suite(.serialized)
struct BusyTests {
    /// With the process stopped.
    private func whileBusy(_ rig: StreamRig, _ body: () throws -> Void) throws {
        rig.fanout.signal(SIGSTOP)
        defer { rig.fanout.signal(SIGCONT) }
        try rig.fanout.waitUntilStopped()
        try body()
    }

    /// Without a second connection to take a half of, there is no room for pipes: everything is copied.
    private static let copying = ["--max-connections", "1"]

    /// A destination is reset while a send to it is done in part. That send uses up the error, and what its own stream
    /// says then looks like an end: it is not one.
    @Test(arguments: [Ways.up, .down], [true, false])
    func resetOfABlockedDestination(ways: Ways, isSpliced: Bool) throws {
        let rig = try StreamRig(isSpliced ? [] : Self.copying)
        for seed in 1...5 as ClosedRange<UInt64> {
            let ends = try rig.connect(seed: seed)
            let (from, to) = ways.senders(ends)[0]
            try StreamPeer.fill([from])
            try rig.waitForPipes(isSpliced ? 1 : 0)
            try whileBusy(rig) { to.reset() }
            #expect(try from.receiveUntilEnd() == .reset)
            from.close()
            try rig.expectHome()
        }
    }

    /// Bytes and the reset behind them are there together: in one receive, in more than one, in what is spliced.
    @Test(arguments: [1, 5_000, 30_000, 100_000], [true, false])
    func resetBehindBytes(count: Int, mayBeSpliced: Bool) throws {
        let rig = try StreamRig(mayBeSpliced ? [] : Self.copying)
        for ways in [Ways.up, .down] { try resetBehindBytes(count, ways, rig) }
    }

    private func resetBehindBytes(_ count: Int, _ ways: Ways, _ rig: StreamRig) throws {
        let (from, to) = ways.senders(try rig.connect())[0]
        from.toSend = 10
        to.toReceive = 10
        try StreamPeer.move([from, to])
        try whileBusy(rig) {
            from.toSend += count
            try StreamPeer.move([from])
            try from.waitUntilSent()
            from.reset()
        }
        #expect(try to.receiveUntilEnd() == .reset)
        #expect(to.received == from.sent)
        try rig.expectHome()
    }

    /// A client that sends, and is reset before it was accepted: nobody is left waiting for it.
    @Test func resetBeforeTheAccept() throws {
        let rig = try StreamRig()
        let address = try rig.fanout.address()
        try whileBusy(rig) {
            let client = try LineClient(to: address)
            try client.sendAll("request\n")
            client.reset()
        }
        try rig.fanout.wait("its accept") { try rig.total("accepted") == 1 }
        try rig.expectHome()
    }

    /// Urgent data is not passed on, and what follows it is, up to the end that is there already.
    @Test(arguments: [Ways.up, .down])
    func bytesBehindUrgentData(ways: Ways) throws {
        let rig = try StreamRig()
        let ends = try rig.connect()
        let (from, to) = ways.senders(ends)[0]
        try rig.fanout.wait("bulk") {
            from.toSend += 256 << 10
            to.toReceive = from.toSend
            try StreamPeer.move([from, to])
            return try rig.total("pipes") == 1
        }
        try whileBusy(rig) {
            from.toSend += 20_000
            try StreamPeer.move([from])
            try from.sendUrgent()
            from.toSend += 20_000
            try StreamPeer.move([from])
            from.halfClose()
            try from.waitUntilSent()
        }
        #expect(try to.receiveUntilEnd() == .endOfStream)
        #expect(to.received == from.sent)
        to.close()
        from.close()
        try rig.expectHome()
    }
}
