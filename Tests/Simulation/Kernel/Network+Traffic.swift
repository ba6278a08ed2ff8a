import Glibc
import Reactor

/// What moves on connections, and how each end learns of it.
extension Network {
    // MARK: To the peer

    /// The worker's socket takes bytes of the partner's stream, whose next one must stand at `position`.
    func take(_ count: Int, of stream: Int, at position: Int, into connection: Connection) {
        guard let partner = connection.partner else {
            fail("\(connection.title) was sent bytes and belongs to no session")
            return
        }
        guard stream == partner.number, position == connection.accepted else {
            fail(
                """
                \(connection.title) was sent byte \(position) of stream \(stream) where byte \
                \(connection.accepted) of stream \(partner.number) is due
                """
            )
            return
        }
        if connection.sendsFin { fail("\(connection.title) was sent bytes after a FIN") }
        if connection.role == .upstream && position >= partner.firstReadEnd && !connection.sendsAtOnce {
            fail("\(connection.title) was sent a second message, which may be held back")
        }
        if connection.queued == 0 { connection.lastProgress = clock }
        connection.accepted += count
        connection.queued += count
        if connection.peer.readsAtOnce && connection.peer.isReading { read(connection, connection.queued) }
    }

    /// The peer takes bytes out of the worker's queue.
    func read(_ connection: Connection, _ count: Int) {
        if connection.peer.isClosed {
            // Bytes for a socket that was closed are answered with a reset (RFC 9293, section 3.10.7.1).
            die(connection, connection.hasFin ? EPIPE : ECONNRESET)
            return
        }
        noteStall(connection)
        connection.queued -= count
        connection.peer.received += count
        connection.lastProgress = clock
        if connection.wantsRoom && connection.pollBits & UInt32(POLLOUT) != 0 {
            connection.wantsRoom = false
            connection.edges += 1
        }
        deliverFin(connection)
    }

    /// How long a queue has not moved.
    func noteStall(_ connection: Connection) {
        guard connection.queued > 0 else { return }
        connection.longestStall = max(connection.longestStall, clock - connection.lastProgress)
    }

    /// The FIN behind the queue arrives once that is empty.
    func deliverFin(_ connection: Connection) {
        guard connection.sendsFin, connection.queued == 0, connection.end == .none, !connection.isDead else { return }
        connection.end = .fin
        connection.edges += 1
        say("\(connection.title) gets a FIN")
        guard let partner = connection.partner else {
            // A client that has said nothing and ended its stream is let go.
            if connection.peer.sent > 0 || !connection.peer.hasFinished {
                fail("\(connection.title) got a FIN that nobody has sent")
            }
            return
        }
        if connection.role == .client && !partner.wasRelayed && connection.peer.hasFinished
            && connection.peer.sent == 0 && !connection.wasShutDown
        {
            return
        }
        if endsByPolicy && (partner.wasReset || connection.peer.received == partner.peer.sent) {
            // In order, and short of nothing; or whoever has sent more was told so.
            return
        }
        if !partner.peer.hasFinished {
            fail("\(connection.title) got a FIN that \(partner.title) has not sent: its stream looks complete")
        } else if connection.peer.received != partner.peer.sent {
            fail(
                """
                \(connection.title) got a FIN after \(connection.peer.received) of the \(partner.peer.sent) bytes of \
                \(partner.title)
                """
            )
        }
    }

    /// The worker closes with a reset: what was not taken yet is thrown away.
    func resetPeer(_ connection: Connection) {
        noteStall(connection)
        guard connection.isEstablished, !connection.isDead else { return }
        if connection.hasFin && connection.end == .fin { return }
        say("\(connection.title) gets a reset")
        // On a unix socket what was sent is in its peer's queue already, and stays there.
        if connection.isUnix { connection.peer.received += connection.queued }
        connection.queued = 0
        connection.wasReset = true
        connection.resetAt = clock
        if connection.end == .none { connection.end = .reset }
        connection.isDead = true
        connection.peer.left = 0
        connection.peer.script.removeSubrange(min(connection.peer.next, connection.peer.script.count)...)
    }

    // MARK: From the peer

    /// The connection is gone: the error is told once, what has arrived stays readable.
    func die(_ connection: Connection, _ error: Int32) {
        noteStall(connection)
        connection.isDead = true
        connection.peer.hasReset = true
        connection.diedAt = clock
        connection.error = error
        connection.edges += 1
        connection.arrivals += 1
        say("\(connection.title) has gone: \(error)")
    }

    /// Whether the peer's next step can be taken now.
    func canAct(_ connection: Connection) -> Bool {
        guard connection.isEstablished, !connection.isDead, let action = connection.peer.action else { return false }
        let peer = connection.peer
        switch action {
        case .send: return connection.inbound < peer.receiveWindow || connection.isClosed
        case .fin, .reset, .close, .vanish, .stopReading, .startReading, .take, .urgent: return true
        case .awaitBytes(let count): return peer.received >= count || connection.end != .none
        case .awaitEnd: return connection.end != .none
        case .sleep: return peer.wakesAt == 0 || peer.wakesAt <= clock
        case .silence: return false
        }
    }

    func act(_ connection: Connection) {
        guard let action = connection.peer.action else { return }
        say("\(connection.title): \(action)")
        if connection.isUnix && [.reset, .close, .vanish].contains(action) {
            closeUnix(connection)
            connection.peer.next += 1
            return
        }
        switch action {
        case .send(let count):
            send(count, connection)
            return
        case .fin:
            finish(connection)
        case .close:
            finish(connection)
            connection.peer.isClosed = true
            mark(.peerClosed)
            if connection.queued > 0 { die(connection, EPIPE) }
        case .reset:
            mark(connection.role == .client ? .clientReset : .upstreamReset)
            if connection.partner?.wasRelayed != true && !connection.wasRelayed { mark(.resetBeforeConnect) }
            die(connection, connection.hasFin ? EPIPE : ECONNRESET)
        case .vanish:
            mark(.peerVanished)
            die(connection, ETIMEDOUT)
        case .sleep(let time):
            if connection.peer.wakesAt == 0 {
                connection.peer.wakesAt = clock + time
                return
            }
            connection.peer.wakesAt = 0
        case .stopReading:
            connection.peer.isReading = false
            mark(.blockedPeer)
        case .startReading:
            connection.peer.isReading = true
        case .take(let count):
            read(connection, min(count, connection.queued))
        case .urgent:
            connection.isAtUrgentByte = true
        case .awaitBytes, .awaitEnd, .silence:
            break
        }
        connection.peer.next += 1
    }

    private func send(_ count: Int, _ connection: Connection) {
        if connection.peer.left == 0 { connection.peer.left = count }
        let room = connection.peer.receiveWindow - connection.inbound
        let portion = choices.portion(of: min(connection.peer.left, max(1, room)), .piecemealPeer)
        if portion < min(connection.peer.left, room) { mark(.piecemealPeer) }
        connection.peer.left -= portion
        if connection.peer.left == 0 { connection.peer.next += 1 }
        if connection.isClosed {
            // The worker has closed already.
            connection.wasReset = true
            connection.isDead = true
            return
        }
        connection.peer.sent += portion
        connection.inbound += portion
        connection.arrivals += 1
    }

    /// However the process at the far end of a unix socket ends.
    private func closeUnix(_ connection: Connection) {
        connection.peer.hasFinished = true
        mark(connection.queued > 0 ? .unixClosedOverBytes : .unixClosed)
        connection.diedOverBytes = connection.queued > 0
        die(connection, connection.queued > 0 ? ECONNRESET : 0)
        connection.queued = 0
    }

    private func finish(_ connection: Connection) {
        connection.hasFin = true
        connection.peer.hasFinished = true
        connection.edges += 1
        connection.arrivals += 1
    }

    // MARK: Closing

    func close(_ descriptor: Int32, withReset: Bool) {
        guard let entry = entry(descriptor, "close") else { return }
        switch entry {
        case .connection(let connection):
            if isBusy(connection) { fail("\(connection.title) was closed with an operation in flight") }
            say("the worker closes \(connection.title)\(withReset ? " with a reset" : "")")
            connection.wasDeadAtClose = connection.isDead
            if withReset || connection.inbound > 0 {
                resetPeer(connection)
            } else {
                connection.sendsFin = true
                if connection.isEstablished { deliverFin(connection) }
            }
            connection.descriptor = -1
        case .pipe(let pipe):
            pipe.openEnds -= 1
        case .listener(let listener):
            listener.isOpen = false
            if !listener.queue.isEmpty && !isResetOrdered {
                fail("\(listener.queue.count) accepted clients were thrown away with the listener")
            }
            for connection in listener.queue { resetPeer(connection) }
            listener.queue.removeAll()
        case .spare:
            break
        }
        forget(descriptor)
    }
}
