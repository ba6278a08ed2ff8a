import Glibc
import Reactor

/// The immediate calls, on the simulated network. The world may move before any of them: a turn takes time.
struct SimulatedSockets: SocketCalls {
    let network: Network
    /// Whose calls they are.
    let worker: Int
    let move: Mover

    /// Lets something of the world happen in the middle of a turn.
    final class Mover {
        var body: () -> Void = {}
        /// One in so many calls; with several workers more, since that is when they have turns at once.
        var odds = 32
    }

    func moveOn() {
        if network.choices.chance(oneIn: move.odds) {
            move.body()
            network.mark(.movedDuringTurn)
        }
    }

    func stream(family: Int32) -> Int32 {
        moveOn()
        if let error = network.failure(of: .stream) { return error }
        if network.isOutOfDescriptors || network.fault(.noSocket) {
            network.mark(.noSocket)
            return -EMFILE
        }
        let address = SocketAddress(ipv4: [0, 0, 0, 0], port: 0)
        let connection = Connection(
            number: network.connections.count,
            role: .upstream,
            address: address,
            peer: Peer([])
        )
        network.connections.append(connection)
        connection.descriptor = network.open(.connection(connection))
        return connection.descriptor
    }

    func accept(_ listener: Int32) -> Int32 {
        moveOn()
        guard case .listener(let listener)? = network.entry(listener, "accept") else { return -EBADF }
        if let error = network.failure(of: .accept) { return error }
        if network.isOutOfDescriptors { return -EMFILE }
        guard !listener.queue.isEmpty else { return -EAGAIN }
        if network.fault(.acceptAborted) { return -ECONNABORTED }
        let connection = listener.queue.removeFirst()
        if listener.refusesNew { network.mark(.queueTakenInDrain) }
        connection.descriptor = network.open(.connection(connection))
        network.handovers.accept(connection, by: worker)
        return connection.descriptor
    }

    func spare() -> Int32 {
        if network.isOutOfDescriptors { return -1 }
        return network.open(.spare)
    }

    func sendAtOnce(_ descriptor: Int32) { network.connection(descriptor, "setsockopt")?.sendsAtOnce = true }

    func doNotPace(_ descriptor: Int32) { _ = network.connection(descriptor, "setsockopt") }

    func keepAlive(_ descriptor: Int32, seconds: Int32) {
        guard let connection = network.connection(descriptor, "setsockopt") else { return }
        if connection.isUnix || !connection.isEstablished { network.fail("keepalive on \(connection.title)") }
        if connection.isKeptAlive { network.fail("keepalive on \(connection.title) twice") }
        connection.isKeptAlive = true
        network.mark(.keptAlive)
    }

    func finish(_ descriptor: Int32) -> Int32 {
        moveOn()
        guard let connection = network.connection(descriptor, "shutdown") else { return -EBADF }
        guard connection.isEstablished, !connection.isDead else { return -ENOTCONN }
        network.say("the worker passes a FIN to \(connection.title)")
        connection.sendsFin = true
        connection.wasShutDown = true
        connection.edges += 1
        network.deliverFin(connection)
        return 0
    }

    func closeGracefully(_ descriptor: Int32) { network.close(descriptor, withReset: false) }

    func closeWithReset(_ descriptor: Int32) { network.close(descriptor, withReset: true) }

    func takeError(_ descriptor: Int32) -> Int32 {
        guard let connection = network.connection(descriptor, "getsockopt") else { return EBADF }
        defer { connection.error = 0 }
        return connection.error
    }

    func unsentBytes(_ descriptor: Int32) -> Int {
        moveOn()
        let unsent = network.connection(descriptor, "SIOCOUTQ")?.queued ?? 0
        if unsent > 0 { network.mark(.flushed) }
        return unsent
    }

    func isAtEnd(_ descriptor: Int32) -> Bool {
        moveOn()
        guard let connection = network.connection(descriptor, "recv") else { return false }
        // An error would be told instead, and is used up by that.
        if connection.inbound > 0 { return false }
        if connection.hasFin { return true }
        guard connection.isDead else { return false }
        defer { connection.error = 0 }
        return connection.error == 0
    }

    func hasUnread(_ descriptor: Int32) -> Bool {
        moveOn()
        guard let connection = network.connection(descriptor, "recv") else { return false }
        // An error is told instead, and is used up by that.
        if connection.inbound == 0 && connection.isDead { connection.error = 0 }
        return connection.inbound > 0
    }

    func isOver(_ descriptor: Int32) -> Bool {
        moveOn()
        return network.connection(descriptor, "getpeername")?.isOver ?? true
    }

    func isSelfConnected(_ descriptor: Int32, port: UInt16) -> Bool {
        guard let connection = network.connection(descriptor, "getsockname") else { return false }
        if connection.address.port != port {
            network.fail("\(connection.title) was connected to another port than \(port)")
        }
        return connection.isSelfConnected
    }

    func peer(of descriptor: Int32) -> SocketAddress? {
        moveOn()
        guard let connection = network.connection(descriptor, "getpeername"), !connection.isOver else { return nil }
        return connection.address
    }

    // MARK: Pipes

    func pipe(bytes: Int32) -> (readEnd: Int32, writeEnd: Int32)? {
        if network.failure(of: .pipe) != nil { return nil }
        if network.openDescriptors + 2 > network.descriptorLimit || network.fault(.noPipe) {
            network.mark(.noPipe)
            return nil
        }
        // The kernel gives at least a page, and here less, so that short streams fill it.
        let pipe = SimulatedPipe(capacity: min(Int(bytes), network.pipeCapacity))
        return (network.open(.pipe(pipe)), network.open(.pipe(pipe)))
    }

    func splice(from source: Int32, to destination: Int32, count: UInt32) -> Int32 {
        moveOn()
        switch (network.entry(source, "splice"), network.entry(destination, "splice")) {
        case (.connection(let connection)?, .pipe(let pipe)?): return fill(pipe, connection, Int(count))
        case (.pipe(let pipe)?, .connection(let connection)?): return drain(pipe, connection, Int(count))
        case _:
            network.fail("splice between two things that are not a socket and a pipe")
            return -EINVAL
        }
    }

    private func fill(_ pipe: SimulatedPipe, _ connection: Connection, _ count: Int) -> Int32 {
        if let error = network.failure(of: .fill, on: connection) { return error }
        if network.fault(.spliceRefused) { return -[EINVAL, EPERM, ENOMEM, ENOBUFS][network.choices.pick(4)] }
        if connection.isAtUrgentByte {
            // Which it does not pass, and tells as if nothing were behind it (tcp_splice_read() of Linux).
            network.mark(.urgentByte)
            if connection.hasFin { return 0 }
            guard connection.error != 0 else { return -EAGAIN }
            connection.hasLostBytes = connection.hasLostBytes || connection.inbound > 0
            return network.useUpError(of: connection)
        }
        let most = min(count, connection.inbound, pipe.capacity - pipe.count)
        guard most > 0 else {
            if connection.inbound > 0 || !connection.isReadable { return again(.fillFoundNothing) }
            if connection.error != 0 && !connection.hasFin { return network.useUpError(of: connection) }
            return 0
        }
        if network.fault(.fillFoundNothing) { return -EAGAIN }
        let moved = network.choices.portion(of: most, .partialFill)
        if moved < most { network.mark(.partialFill) }
        if pipe.count == 0 { (pipe.stream, pipe.position) = (connection.number, connection.readCount) }
        if pipe.stream != connection.number || pipe.position + pipe.count != connection.readCount {
            network.fail("a pipe with bytes of stream \(pipe.stream) was filled from \(connection.title)")
        }
        pipe.count += moved
        connection.inbound -= moved
        connection.readCount += moved
        return Int32(moved)
    }

    private func drain(_ pipe: SimulatedPipe, _ connection: Connection, _ count: Int) -> Int32 {
        if let error = network.failure(of: .drain, on: connection) {
            // Without memory for it, too, the kernel says when it is worth another try (SOCK_NOSPACE).
            connection.edges += 1
            return error
        }
        if connection.isDead { return network.sendFailure(of: connection) }
        let most = min(count, pipe.count, connection.room)
        guard most > 0 else {
            connection.wantsRoom = true
            return again(.drainFoundNoRoom)
        }
        let moved = network.choices.portion(of: most, .interruptedDrain)
        if moved < most {
            // A signal, or a stop of the process, ends it early (splice_to_socket() of Linux): nothing is told of room.
            network.mark(.interruptedDrain)
        } else if most < min(count, pipe.count) {
            network.mark(.partialDrain)
            connection.wantsRoom = true
        }
        network.take(moved, of: pipe.stream, at: pipe.position, into: connection)
        pipe.position += moved
        pipe.count -= moved
        return Int32(moved)
    }

    private func again(_ mark: Mark) -> Int32 {
        network.mark(mark)
        return -EAGAIN
    }
}

extension Network {
    /// What a send finds on a socket whose peer has gone. A unix socket keeps its error for the receive.
    func sendFailure(of connection: Connection) -> Int32 {
        connection.hasFailedSend = true
        return connection.isUnix ? -EPIPE : useUpError(of: connection, orElse: EPIPE)
    }

    /// The pending error as a result; it is told only once.
    func useUpError(of connection: Connection, orElse error: Int32 = 0) -> Int32 {
        defer { connection.error = 0 }
        return connection.error != 0 ? -connection.error : -error
    }
}
