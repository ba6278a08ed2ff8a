import Testing
import Traffic

@testable import fanout_soak

/// An error of a run says where it happened: the part, the round, the connection.
@Suite(.serialized)
struct TroubleTests {
    @Test func whatWasBeingDoneIsNamedFromOutside() throws {
        let trouble = #expect(throws: Trouble.self) {
            try during("round 2") { try during("connection 417") { throw LineClient.Failure.deadline } }
        }
        #expect(trouble?.description == "round 2: connection 417: deadline")
        #expect(try during("nothing") { 7 } == 7)
    }

    /// Of many that are moved together, the one that fails.
    @Test func aFailedConnectionIsNamed() throws {
        let server = RawServer()
        defer { server.stop() }
        let ends = try (0..<3).map { _ in
            let client = try LineClient(to: server.address)
            return (client, try server.accept())
        }
        ends[1].1.reset()
        let peers = ends.map { StreamPeer($0.0, sends: 1, receives: 2) }
        for peer in peers { peer.toReceive = 1 }
        let failure = #expect(throws: StreamPeer.PeerFailure.self) { try StreamPeer.move(peers, within: 10) }
        #expect(failure?.index == 1)
        let stall = #expect(throws: StreamPeer.PeerFailure.self) {
            try StreamPeer.move([peers[0], peers[2]], within: 0)
        }
        #expect(stall?.description == "connection 0 and 1 more: stalled(sent: 0, received: 0)")
    }

    @Test func theMachinesMemoryForSocketsIsKnown() {
        let memory = SocketMemory.now()
        #expect(memory.mark > 0)
        #expect(memory.used < memory.mark * 100)
        #expect(!memory.hasHeldBack(since: memory))
    }
}
