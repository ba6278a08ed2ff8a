import Glibc
import Reactor

/// A driver without a kernel: every legal result of every operation, in every order, as the choices will have it; and
/// every promise of the contract is checked.
@safe
final class SimulatedDriver: Driver {
    /// The worker's.
    let index: Int
    let network: Network
    let sockets: SimulatedSockets
    let common: SimulatedBuffers
    let reserve: SimulatedBuffers

    /// Operations from their verb to the delivery of their final result.
    private(set) var pending: [PendingOperation] = []
    /// What was asked for and not taken by the kernel yet, in order.
    private var asked: [Request] = []
    private(set) var results: [Completion] = []
    private var delivering: [Completion] = []
    /// Somebody has signalled the wake-up.
    var isWoken = false
    /// Another worker has, and it is not seen yet.
    var isWakeUnderWay = false
    private(set) var enters: UInt64 = 0
    private(set) var hasUnsubmitted = false
    /// Results that come together, at most.
    var batch = Int.max
    /// What the world can do beside operations.
    unowned let world: World

    private enum Request {
        case operation(Token)
        case cancel(Token)
    }

    init(
        index: Int,
        network: Network,
        world: World,
        buffers: (count: Int, size: Int),
        reserve: (count: Int, size: Int)
    ) {
        self.index = index
        self.network = network
        self.world = world
        sockets = SimulatedSockets(network: network, worker: index, move: SimulatedSockets.Mover())
        common = SimulatedBuffers(firstIndex: 0, count: buffers.count, size: buffers.size)
        self.reserve = SimulatedBuffers(firstIndex: buffers.count, count: reserve.count, size: reserve.size)
        if world.scenario.workers > 1 { sockets.move.odds = 8 }
        sockets.move.body = { [unowned self] in self.world.moveDuringTurn() }
    }

    func isBusy(_ connection: Connection) -> Bool { pending.contains { $0.connection === connection } }

    /// The worker has something to do: results to take, or operations to hand over.
    var isReady: Bool { !results.isEmpty || isWoken || hasUnsubmitted }

    var now: Deadline { Deadline(nanoseconds: network.clock) }

    private func pool(of buffer: BufferIndex) -> SimulatedBuffers {
        Int(buffer) < common.count ? common : reserve
    }

    func freeBuffers(in pool: BufferPool) -> Int {
        switch pool {
        case .common: common.visiblyFree
        case .reserve: reserve.visiblyFree
        }
    }

    // MARK: Verbs

    func accept(on listener: Int32, token: Token) {
        guard case .listener(let listener)? = network.entry(listener, "accept") else { return }
        if pending.contains(where: { $0.listener === listener }) { network.fail("a listener was armed twice") }
        ask(PendingOperation(token, .accept, listener: listener))
    }

    func connect(_ socket: Int32, to address: UnsafePointer<SocketAddress>, token: Token) -> Bool {
        guard var operation = begin(.connect, socket, token) else { return false }
        operation.port = unsafe address.pointee.port
        operation.connection?.address = unsafe address.pointee
        join(operation)
        network.connects += 1
        if let connection = operation.connection, isAtOnce(connection, operation.port) { return true }
        ask(operation)
        return false
    }

    /// Whether an endpoint is connected to at once, as on loopback.
    private func isAtOnce(_ connection: Connection, _ port: UInt16) -> Bool {
        switch network.endpoints[port]?.behaviour {
        case .accepts:
            guard network.fault(.connectedAtOnce) else { return false }
            world.establish(connection, port: port)
            noteConnected(connection)
        case .connectsToItself:
            guard network.fault(.connectedAtOnce) else { return false }
            connection.isSelfConnected = true
            network.failedConnects += 1
        case .refuses, .unreachable, .timesOut, .silent, nil:
            return false
        }
        network.say("\(connection.title) is connected at once")
        return true
    }

    private func noteConnected(_ connection: Connection) {
        connection.wasRelayed = true
        connection.relayedAt = network.clock
    }

    func receive(from socket: Int32, into pool: BufferPool, token: Token) {
        guard var operation = begin(.receive, socket, token) else { return }
        operation.pool = pool
        ask(operation)
    }

    func awaitReadable(_ socket: Int32, token: Token) {
        guard let operation = begin(.awaitReadable, socket, token) else { return }
        ask(operation)
    }

    func watch(_ socket: Int32, token: Token) {
        guard let operation = begin(.watch, socket, token) else { return }
        network.mark(.watched)
        ask(operation)
    }

    func send(to socket: Int32, buffer: BufferIndex, offset: UInt32, count: UInt32, token: Token) {
        guard var operation = begin(.send, socket, token) else { return }
        (operation.buffer, operation.offset, operation.count) = (buffer, Int(offset), Int(count))
        if count == 0 { network.fail("a send of nothing to \(operation.connection?.title ?? "")") }
        if !pool(of: buffer).isWorkers(buffer, upTo: Int(offset) + Int(count)) {
            network.fail("a send from buffer \(buffer), of which the worker does not own so much")
        }
        ask(operation)
    }

    func poll(_ socket: Int32, events: UInt32, token: Token) {
        guard var operation = begin(.poll, socket, token) else { return }
        operation.events = events
        ask(operation)
    }

    func cancel(_ token: Token) {
        asked.append(.cancel(token))
        hasUnsubmitted = true
    }

    func release(_ buffer: BufferIndex) {
        if pending.contains(where: { $0.kind == .send && $0.buffer == buffer }) {
            network.fail("buffer \(buffer) was given back while it was being sent")
        }
        if !pool(of: buffer).release(buffer) { network.fail("buffer \(buffer) was given back twice") }
    }

    private func ask(_ operation: PendingOperation) {
        if pending.contains(where: { $0.token == operation.token }) {
            network.fail("\(operation.token.operation) of slot \(operation.token.slot) was asked for twice")
        }
        network.say("asks for \(operation.token.operation) (slot \(operation.token.slot))")
        pending.append(operation)
        asked.append(.operation(operation.token))
        hasUnsubmitted = true
    }

    /// An operation on a socket, unless the contract forbids it.
    private func begin(_ kind: PendingOperation.Kind, _ socket: Int32, _ token: Token) -> PendingOperation? {
        guard let connection = network.connection(socket, kind.rawValue) else { return nil }
        let most = kind == .poll ? 2 : 1
        let reading: [PendingOperation.Kind] = [.receive, .awaitReadable, .watch]
        let isReading = reading.contains(kind)
        let same = pending.count { other in
            guard other.connection === connection else { return false }
            return isReading ? reading.contains(other.kind) : other.kind == kind
        }
        if same >= most { network.fail("\(same + 1) times \(kind) at once on \(connection.title)") }
        let owner = UInt64(token.rawValue & 0x00ff_ffff_ffff_ffff)
        if connection.owner == nil { connection.owner = owner }
        if let client = connection.spareOf, kind != .connect {
            connection.spareOf = nil
            connection.owner = owner
            client.partner = connection
            network.mark(.spareWon)
        }
        if connection.owner != owner {
            network.fail("\(kind) on \(connection.title), which belongs to another session")
        }
        if !connection.isEstablished && kind != .connect {
            network.fail("\(kind) on \(connection.title), which is not connected")
        }
        return PendingOperation(token, kind, connection: connection)
    }

    /// From its connect on an upstream is the partner of the client with the same owner.
    private func join(_ operation: PendingOperation) {
        guard let upstream = operation.connection, let client = world.client(of: operation.token, index) else {
            network.fail("a connect for a session without a client")
            return
        }
        if world.isSpare(operation.token, index) {
            upstream.spareOf = client
            upstream.partner = client
            network.mark(.spareStarted)
            return
        }
        if client.owner == nil { client.owner = upstream.owner }
        if client.owner != upstream.owner { network.fail("\(client.title) was joined with another's upstream") }
        client.partner = upstream
        upstream.partner = client
    }

    // MARK: Turning

    func wait(until deadline: Deadline) {
        enters += 1
        // Where the kernel is behind with its results it takes nothing new.
        if hasUnsubmitted, !network.fault(.kernelBusy) { start() }
        if network.fault(.wokenForNothing) { return }
        while network.violation == nil {
            let isDeliverable = !results.isEmpty || isWoken
            if isDeliverable && results.count >= batch { break }
            if !world.moveOnce(for: index, hasResults: isDeliverable) { break }
            if network.clock >= deadline.nanoseconds { break }
        }
        isWoken = false
        if results.count > 1 { network.mark(.manyResultsAtOnce) }
    }

    func deliver<Handler: CompletionHandler>(to handler: Handler) {
        swap(&results, &delivering)
        for completion in delivering where network.violation == nil {
            if let buffer = completion.buffer { pool(of: buffer).handOver(buffer) }
            note(completion)
            if let client = accepted(completion) {
                let placing = world.placing(by: index)
                handler.complete(completion)
                world.checkPlaced(client, by: index, placing)
            } else {
                handler.complete(completion)
            }
        }
        delivering.removeAll(keepingCapacity: true)
    }

    /// The client that an accept has brought.
    private func accepted(_ completion: Completion) -> Connection? {
        guard completion.token.operation == .accept, completion.result >= 0,
            case .connection(let client)? = network.descriptors[Int(completion.result)]
        else { return nil }
        network.handovers.accept(client, by: index)
        return client
    }

    private func note(_ completion: Completion) {
        network.say("result of \(completion.token.operation) (slot \(completion.token.slot)): \(completion.result)")
        guard !completion.more else { return }
        guard let index = pending.firstIndex(where: { $0.token == completion.token }) else {
            network.fail("a second final result of \(completion.token.operation): the simulation is wrong")
            return
        }
        let operation = pending.remove(at: index)
        if operation.kind == .connect, let connection = operation.connection {
            let isSuccess = completion.result >= 0 && !PollEvents.result(completion.result, has: PollEvents.hangup)
            if isSuccess && !connection.isSelfConnected {
                noteConnected(connection)
            } else {
                network.failedConnects += 1
            }
        }
    }

    /// The kernel takes what was asked for, in order: a cancel finds what is in flight then.
    func start() {
        let requests = asked
        asked.removeAll(keepingCapacity: true)
        hasUnsubmitted = false
        for request in requests {
            switch request {
            case .operation(let token): begin(token)
            case .cancel(let token): performCancel(token)
            }
        }
    }

    private func begin(_ token: Token) {
        guard let index = pending.firstIndex(where: { $0.token == token }) else {
            network.fail("\(token.operation) ended before it began: the simulation is wrong")
            return
        }
        pending[index].isStarted = true
        begun(index)
    }

    private func begun(_ index: Int) {
        let operation = pending[index]
        switch operation.kind {
        case .accept:
            pending[index].failure = network.failure(of: .acceptOperation)
        case .connect:
            if network.endpoints[operation.port]?.behaviour == .silent { network.mark(.connectSilent) }
            pending[index].failure = network.failure(of: .connect)
        case .receive:
            pending[index].failure = network.failure(of: .receive, on: operation.connection)
        case .send:
            pending[index].failure = network.failure(of: .send, on: operation.connection)
        case .poll:
            pending[index].failure = network.failure(of: .poll)
            noteWant(index)
        case .awaitReadable, .watch:
            pending[index].failure = network.failure(of: .awaitReadable)
        }
    }

    private func performCancel(_ token: Token) {
        guard let index = pending.firstIndex(where: { $0.token == token }), !pending[index].isOver else {
            network.mark(.cancelLost)
            return
        }
        // Not of polls: those can always be ended (__io_poll_cancel() of Linux; io_uring_prep_cancel(3), EALREADY).
        let isPoll = pending[index].kind == .poll || pending[index].kind == .watch
        if !isPoll, network.fault(.cancelRefused) { return }
        if canComplete(index), network.fault(.cancelLost) {
            complete(index)
            // A poll has told one thing more, and ends all the same.
            if !isPoll || pending[index].isOver { return }
        }
        network.mark(.cancelWon)
        let operation = pending[index]
        if operation.kind == .connect, let connection = operation.connection {
            // The endpoint may have accepted it all the same.
            if network.choices.pick(2) == 1 { world.establish(connection, port: operation.port) }
        }
        finish(index, operation.done > 0 ? Int32(operation.done) : -ECANCELED)
    }

    // MARK: Results

    func finish(_ index: Int, _ result: Int32, buffer: BufferIndex? = nil, leftBytes: Bool = false) {
        pending[index].isOver = true
        results.append(
            Completion(token: pending[index].token, result: result, buffer: buffer, leftBytes: leftBytes)
        )
    }

    /// A result that is not the last.
    func tell(_ index: Int, _ result: Int32) {
        results.append(Completion(token: pending[index].token, result: result, more: true))
    }

    func change(_ index: Int, _ body: (inout PendingOperation) -> Void) { body(&pending[index]) }
}
