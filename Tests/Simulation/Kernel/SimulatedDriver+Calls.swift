import Glibc
import Reactor

/// What a worker receives and sends without an operation, through a buffer that it owns.
extension SimulatedDriver {
    var bufferSize: Int { common.size }

    func receive(from socket: Int32, into buffer: BufferIndex) -> Int32 {
        sockets.moveOn()
        guard let connection = network.connection(socket, "recv") else { return -EBADF }
        if let error = network.failure(of: .receiveNow, on: connection) { return error }
        guard connection.inbound > 0 else {
            if connection.hasFin { return 0 }
            return connection.isDead ? network.useUpError(of: connection) : -EAGAIN
        }
        let count = min(connection.inbound, common.size)
        if !common.refill(buffer, from: connection.number, at: connection.readCount, count) {
            network.fail("a receive into buffer \(buffer), which the worker does not own")
        }
        connection.inbound -= count
        connection.readCount += count
        connection.isAtUrgentByte = false
        network.mark(.receivedAtOnce)
        return Int32(count)
    }

    func send(to socket: Int32, buffer: BufferIndex, count: UInt32) -> Int32 {
        sockets.moveOn()
        guard let connection = network.connection(socket, "send") else { return -EBADF }
        if pending.contains(where: { $0.connection === connection && $0.kind == .send }) {
            network.fail("a send to \(connection.title) beside one that is in flight")
        }
        if !common.isWorkers(buffer, upTo: Int(count)) {
            network.fail("a send from buffer \(buffer), of which the worker does not own so much")
        }
        if let error = network.failure(of: .sendNow, on: connection) {
            connection.wantsRoom = true
            return error
        }
        if connection.isDead || connection.sendsFin { return network.sendFailure(of: connection) }
        guard let partner = connection.partner else {
            network.fail("\(connection.title) was sent bytes and belongs to no session")
            return -EPIPE
        }
        let most = min(Int(count), connection.room)
        guard most > 0 else {
            connection.wantsRoom = true
            network.mark(.sentNothingAtOnce)
            return -EAGAIN
        }
        let portion = network.choices.portion(of: most, .sentInPartAtOnce)
        if portion < count {
            network.mark(.sentInPartAtOnce)
            connection.wantsRoom = true
        }
        if !common.holds(buffer, 0..<portion, of: partner.number, at: connection.accepted) {
            network.fail("\(connection.title) was sent bytes that are not those of \(partner.title) at this place")
        }
        network.take(portion, of: partner.number, at: connection.accepted, into: connection)
        return Int32(portion)
    }
}
