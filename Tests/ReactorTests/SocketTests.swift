import Glibc
import Reactor
import Testing

@Suite struct SocketTests {
    @Test func whatThePeerHasNotTakenIsUnsent() throws {
        let pair = try Loopback.pair()
        #expect(Socket.unsentBytes(pair.near.number) == 0)
        let filling = pair.near.fill()
        #expect(Socket.unsentBytes(pair.near.number) > 0)
        #expect(try pair.far.receive(filling).count == filling)
        try waitUntil("everything to be acknowledged") { Socket.unsentBytes(pair.near.number) == 0 }
    }

    @Test func aResetConnectionIsOver() throws {
        let pair = try Loopback.pair()
        #expect(!Socket.isOver(pair.near.number))
        _ = pair.near.fill()
        pair.far.reset()
        try waitUntil("the reset") { Socket.isOver(pair.near.number) }
        // The error is told once; the connection stays over, and so do its unsent bytes.
        #expect(Loopback.pendingError(of: pair.near) == ECONNRESET)
        #expect(Socket.isOver(pair.near.number))
    }

    @Test(arguments: [true, false])
    func anEndOfOneStreamIsNotTheEndOfTheConnection(isOurs: Bool) throws {
        let pair = try Loopback.pair()
        (isOurs ? pair.near : pair.far).finish()
        try waitUntil("the end of the stream") { Socket.isAtEnd((isOurs ? pair.far : pair.near).number) }
        #expect(!Socket.isOver(pair.near.number))
    }

    /// Both streams have ended and the peer still reads: closing with a reset now would throw its bytes away.
    @Test func aConnectionWithBytesToSendIsNotOverWhenBothStreamsHaveEnded() throws {
        let pair = try Loopback.pair()
        let filling = pair.near.fill()
        pair.near.finish()
        pair.far.finish()
        try waitUntil("the end of the stream") { Socket.isAtEnd(pair.near.number) }
        #expect(Socket.unsentBytes(pair.near.number) > 0)
        #expect(!Socket.isOver(pair.near.number), "the peer has yet to read what was sent")
        #expect(try pair.far.receiveToEnd().bytes.count == filling)
    }

    @Test func theEndOfAStreamIsSeenOnlyAfterItsBytes() throws {
        let pair = try Loopback.pair()
        #expect(!Socket.isAtEnd(pair.near.number))
        try pair.far.send([1])
        pair.far.finish()
        try waitUntil("the byte") { pair.near.unread(1) == 1 }
        #expect(!Socket.isAtEnd(pair.near.number))
        #expect(try pair.near.receive(1) == [1])
        try waitUntil("the end") { Socket.isAtEnd(pair.near.number) }
    }

    @Test func aGracefulCloseSendsWhatIsThere() throws {
        let pair = try Loopback.pair()
        let filling = pair.near.fill()
        pair.near.close()
        let seen = try pair.far.receiveToEnd()
        #expect(seen.bytes.count == filling)
        #expect(seen.end == .endOfStream)
    }

    @Test func aResetIsSeenAsOne() throws {
        let pair = try Loopback.pair()
        pair.near.reset()
        #expect(try pair.far.receiveToEnd().end == .failed(ECONNRESET))
    }

    @Test func theAddressOfAPeerThatHasGoneIsUnknown() throws {
        let pair = try Loopback.pair()
        #expect(Socket.peer(of: pair.near.number) != nil)
        pair.far.reset()
        try waitUntil("the reset") { Socket.peer(of: pair.near.number) == nil }
    }
}
