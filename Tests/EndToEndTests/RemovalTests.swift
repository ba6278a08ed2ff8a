import Foundation
import NomadDouble
import Testing
import Traffic

/// What living sessions see when their endpoint leaves the set (`--on-remove`).
@Suite(.serialized)
struct RemovalTests {
    static let drivers = [FanoutProcess.driver ?? "io_uring"]

    /// Two servers of the service, of which one is to leave.
    private final class Rig {
        let task: NomadTask
        let leaving = RawServer()
        let staying = EchoServer()
        let fanout: FanoutProcess
        private var id = ""

        init(_ policy: String, _ driver: String) throws {
            task = try NomadTask()
            id = try task.register(leaving.address)
            fanout = try task.fanout(["--on-remove", policy, "--driver", driver])
        }

        deinit {
            fanout.stop()
            task.stop()
            leaving.stop()
            staying.stop()
        }

        /// A session on the server that leaves; the other one is registered only by ``remove()``.
        func connect() throws -> (client: LineClient, upstream: LineClient) {
            let client = try LineClient(to: try fanout.address())
            return (client, try leaving.accept())
        }

        func remove() throws {
            try task.register(staying.address)
            try expectChange("removed") { task.nomad.delete(id: id) }
        }

        func comeBack() throws { try expectChange("added") { id = try task.register(leaving.address) } }

        private func expectChange(_ kind: String, after change: () throws -> Void) throws {
            let before = count(kind, leaving.address)
            try change()
            try fanout.wait("\(leaving.address) \(kind)") { count(kind, leaving.address) > before }
        }

        private func count(_ kind: String, _ address: TrafficAddress) -> Int {
            fanout.messages("endpoints changed").count {
                ($0[kind] as? String)?.split(separator: ",").contains { $0 == address.description } == true
            }
        }

        func expectClosed(_ count: Int, as reason: String = "removed") throws {
            try fanout.wait("\(count) sessions closed as \(reason)") {
                fanout.access.count { $0["close"] as? String == reason } == count
            }
        }
    }

    private func exchange(_ ends: (client: LineClient, upstream: LineClient)) throws {
        try ends.client.sendAll("question\n")
        #expect(try ends.upstream.readLine() == "question")
        try ends.upstream.sendAll("answer\n")
        #expect(try ends.client.readLine() == "answer")
    }

    @Test(arguments: drivers) func keepTouchesNothing(driver: String) throws {
        let rig = try Rig("keep", driver)
        let ends = try rig.connect()
        try exchange(ends)
        try rig.remove()
        #expect(try ask(try rig.fanout.address()) == "hello")
        try exchange(ends)
        ends.client.close()
        #expect(try ends.upstream.readUntilEnd().end == .endOfStream)
        try rig.expectClosed(1, as: "client_fin")
    }

    @Test(arguments: drivers) func resetResetsBothSides(driver: String) throws {
        let rig = try Rig("reset", driver)
        let ends = [try rig.connect(), try rig.connect()]
        try exchange(ends[0])
        // The other one has a request under way.
        try ends[1].client.sendAll("question\n")
        #expect(try ends[1].upstream.readLine() == "question")
        try rig.remove()
        for (client, upstream) in ends {
            #expect(try client.readUntilEnd().end == .reset)
            #expect(try upstream.readUntilEnd().end == .reset)
        }
        try rig.expectClosed(2)
        #expect(try ask(try rig.fanout.address()) == "hello")
    }

    @Test(arguments: drivers) func closeAfterATimeInOrderWhereItIsQuiet(driver: String) throws {
        let rig = try Rig("close-after=1500ms", driver)
        let quiet = try rig.connect()
        try exchange(quiet)
        let waiting = try rig.connect()
        try waiting.client.sendAll("question\n")
        #expect(try waiting.upstream.readLine() == "question")
        let halfClosed = try rig.connect()
        try exchange(halfClosed)
        halfClosed.client.halfClose()
        #expect(try halfClosed.upstream.readUntilEnd().end == .endOfStream)
        try rig.remove()
        #expect(try quiet.client.readUntilEnd().end == .endOfStream)
        #expect(try quiet.upstream.readUntilEnd().end == .endOfStream)
        for (client, upstream) in [waiting, halfClosed] {
            #expect(try client.readUntilEnd().end == .reset)
            #expect(try upstream.waitForReset())
        }
        try rig.expectClosed(3)
    }

    @Test(arguments: drivers) func drainWhenIdleWaitsForAnswers(driver: String) throws {
        let rig = try Rig("drain-when-idle", driver)
        let (quiet, waiting) = (try rig.connect(), try rig.connect())
        try exchange(quiet)
        try exchange(waiting)
        try waiting.client.sendAll("long question\n")
        #expect(try waiting.upstream.readLine() == "long question")
        try rig.remove()
        #expect(try quiet.client.readUntilEnd().end == .endOfStream)
        #expect(try quiet.upstream.readUntilEnd().end == .endOfStream)
        try rig.expectClosed(1)
        // As silent, for longer, and still there.
        try waiting.upstream.sendAll("long answer\n")
        #expect(try waiting.client.readLine() == "long answer")
        try exchange(waiting)
        #expect(try waiting.client.readUntilEnd().end == .endOfStream)
        #expect(try waiting.upstream.readUntilEnd().end == .endOfStream)
        try rig.expectClosed(2)
    }

    /// Large streams are spliced, also while their endpoint has gone: every byte arrives, and only then is it quiet.
    @Test(arguments: drivers) func drainWhenIdleWaitsForBulk(driver: String) throws {
        let rig = try Rig("drain-when-idle", driver)
        let other = try rig.connect()
        try exchange(other)
        let (client, upstream) = try rig.connect()
        let ends = StreamPeer.pair(client, upstream)
        try StreamPeer.fill([ends.1])
        try rig.fanout.wait("a spliced stream") { try rig.fanout.state().total("pipes") == 1 }
        try rig.remove()
        // The other one is closed; this one is blocked and silent, and not quiet for all that.
        #expect(try other.client.readUntilEnd().end == .endOfStream)
        try rig.expectClosed(1)
        ends.1.toSend = 32 << 20
        ends.0.toReceive = 32 << 20
        try StreamPeer.move([ends.0, ends.1])
        #expect(try ends.0.receiveUntilEnd() == .endOfStream)
        #expect(ends.0.received == 32 << 20)
        try rig.expectClosed(2)
    }

    @Test(arguments: drivers) func anEndpointThatComesBackKeepsItsSessions(driver: String) throws {
        let rig = try Rig("close-after=4s", driver)
        let other = RawServer()
        defer { other.stop() }
        let kept = try rig.connect()
        try exchange(kept)
        try rig.remove()
        try rig.comeBack()
        // Something that leaves later and is closed says that the time of the first is over.
        let id = try rig.task.register(other.address)
        let address = try rig.fanout.address()
        var held: [LineClient] = []
        try rig.fanout.wait("a session on the other") {
            held.append(try LineClient(to: address))
            return try rig.fanout.state().endpoints[other.address.description] ?? 0 > 0
        }
        rig.task.nomad.delete(id: id)
        try rig.fanout.wait("the end of sessions on the other") {
            rig.fanout.access.contains { $0["close"] as? String == "removed" }
        }
        #expect(
            rig.fanout.access.filter { $0["close"] as? String == "removed" }
                .allSatisfy { $0["endpoint"] as? String == other.address.description }
        )
        try exchange(kept)
    }
}
