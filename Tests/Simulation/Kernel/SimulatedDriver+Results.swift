import Glibc
import Reactor

/// When an operation can have a result, and which results are legal then.
extension SimulatedDriver {
    func canComplete(_ index: Int) -> Bool {
        let operation = pending[index]
        guard operation.isStarted, !operation.isOver else { return false }
        if operation.failure != nil { return true }
        if let listener = operation.listener {
            return !listener.queue.isEmpty || network.isOutOfDescriptors
        }
        guard let connection = operation.connection else { return false }
        switch operation.kind {
        case .accept: return false
        case .connect: return network.endpoints[operation.port]?.behaviour != .silent
        case .receive, .awaitReadable: return connection.isReadable
        case .watch: return operation.toldEdges != connection.arrivals && connection.isReadable
        case .send:
            // Once it waits for room, it waits for a third of the queue, as a poll does.
            let hasRoom = operation.done == 0 ? connection.hasRoom : connection.pollBits & UInt32(POLLOUT) != 0
            return hasRoom || connection.isDead || connection.sendsFin
        case .poll:
            let bits = operation.events | PollEvents.hangup | PollEvents.endOfStream
            return operation.toldEdges != connection.edges && connection.pollBits & bits != 0
        }
    }

    func complete(_ index: Int) {
        let operation = pending[index]
        if let failure = operation.failure {
            finish(index, failure)
            return
        }
        guard let connection = operation.connection else {
            accept(index)
            // Whoever stands behind it is often told in the same moment.
            while canComplete(index), network.choices.chance(oneIn: 2) { accept(index) }
            return
        }
        switch operation.kind {
        case .accept: break
        case .connect: connect(index, connection)
        case .receive: receive(index, connection)
        case .awaitReadable: finish(index, Int32(connection.pollBits))
        case .watch: watch(index, connection)
        case .send: send(index, connection)
        case .poll: poll(index, connection)
        }
    }

    private func accept(_ index: Int) {
        guard let listener = pending[index].listener else { return }
        if network.isOutOfDescriptors || network.fault(.acceptWithoutDescriptors) {
            network.mark(.acceptWithoutDescriptors)
            finish(index, -EMFILE)
        } else if network.fault(.acceptAborted) {
            finish(index, -[ECONNABORTED, EPROTO, EINTR][network.choices.pick(3)])
        } else {
            let connection = listener.queue.removeFirst()
            if listener.isShared && self.index > 0 { network.mark(.acceptedByAnother) }
            connection.descriptor = network.open(.connection(connection))
            if network.fault(.acceptEndedEarly) {
                finish(index, connection.descriptor)
            } else {
                tell(index, connection.descriptor)
            }
        }
    }

    private func connect(_ index: Int, _ connection: Connection) {
        let port = pending[index].port
        switch network.endpoints[port]?.behaviour {
        case .accepts:
            world.establish(connection, port: port)
            finishConnect(index, connection, 0)
        case .connectsToItself:
            network.mark(.selfConnected)
            connection.isSelfConnected = true
            finish(index, 0)
        case .refuses, nil:
            network.mark(.connectRefused)
            finishConnect(index, connection, ECONNREFUSED)
        case .unreachable:
            network.mark(.connectUnreachable)
            finishConnect(index, connection, EHOSTUNREACH)
        case .timesOut:
            network.mark(.connectTimedOut)
            finishConnect(index, connection, ETIMEDOUT)
        case .silent:
            network.fail("a silent endpoint has answered: the simulation is wrong")
        }
    }

    /// The result itself, or word that there is one.
    private func finishConnect(_ index: Int, _ connection: Connection, _ error: Int32) {
        guard network.fault(.connectToldByPoll) else { return finish(index, -error) }
        connection.error = error
        finish(index, Int32(error == 0 ? POLLOUT : POLLOUT | POLLERR | POLLHUP))
    }

    private func receive(_ index: Int, _ connection: Connection) {
        if network.fault(.interruptedReceive) {
            finish(index, network.choices.pick(2) == 0 ? -EINTR : -EAGAIN)
            return
        }
        guard connection.inbound > 0 else {
            finish(index, connection.hasFin ? 0 : network.useUpError(of: connection))
            return
        }
        let buffers = pending[index].pool == .common ? common : reserve
        if buffers.isEmpty {
            network.mark(.poolEmpty)
            finish(index, -ENOBUFS)
            return
        }
        if network.fault(.noBufferBySurprise) {
            finish(index, -ENOBUFS)
            return
        }
        let count = min(connection.inbound, buffers.size)
        let buffer = buffers.fill(from: connection.number, at: connection.readCount, count)
        connection.inbound -= count
        connection.readCount += count
        connection.isAtUrgentByte = false
        finish(index, Int32(count), buffer: buffer, leftBytes: connection.inbound > 0 || connection.hasFin)
    }

    private func send(_ index: Int, _ connection: Connection) {
        let operation = pending[index]
        if connection.isDead || connection.sendsFin {
            let error = network.sendFailure(of: connection)
            if operation.done > 0 {
                // What was sent before is the result, and the error is used up.
                network.mark(.hiddenReset)
                finish(index, Int32(operation.done))
            } else {
                network.mark(.sendFailed)
                finish(index, error)
            }
            return
        }
        if operation.done == 0, network.fault(.interruptedSend) {
            finish(index, -EINTR)
            return
        }
        let left = operation.count - operation.done
        let portion = network.choices.portion(of: min(left, connection.room), .partialSend)
        let start = operation.offset + operation.done
        let pool = Int(operation.buffer) < common.count ? common : reserve
        guard let partner = connection.partner else {
            network.fail("\(connection.title) was sent bytes and belongs to no session")
            return
        }
        if !pool.holds(operation.buffer, start..<start + portion, of: partner.number, at: connection.accepted) {
            network.fail("\(connection.title) was sent bytes that are not those of \(partner.title) at this place")
        }
        network.take(portion, of: partner.number, at: connection.accepted, into: connection)
        change(index) { $0.done += portion }
        if portion == left {
            finish(index, Int32(operation.count))
        } else {
            network.mark(.partialSend)
            if network.fault(.shortSend) { finish(index, Int32(operation.done + portion)) }
        }
    }

    private func watch(_ index: Int, _ connection: Connection) {
        change(index) { $0.toldEdges = connection.arrivals }
        let bits = Int32(connection.pollBits & ~UInt32(POLLOUT))
        if network.fault(.pollEndedEarly) { finish(index, bits) } else { tell(index, bits) }
    }

    private func poll(_ index: Int, _ connection: Connection) {
        let mask = pending[index].events | PollEvents.hangup | PollEvents.endOfStream
        let bits = connection.pollBits & mask
        if bits & pending[index].events == 0 { network.mark(.endOfStreamUnasked) }
        change(index) { $0.toldEdges = connection.edges }
        noteWant(index)
        if network.fault(.pollEndedEarly) { finish(index, Int32(bits)) } else { tell(index, Int32(bits)) }
    }

    /// A poll for room that finds none wants to be told of it.
    func noteWant(_ index: Int) {
        guard let connection = pending[index].connection, pending[index].events & UInt32(POLLOUT) != 0 else { return }
        if connection.pollBits & UInt32(POLLOUT) == 0 { connection.wantsRoom = true }
    }
}
