import Reactor

/// Everything around the workers that can move, and the choice of what moves next.
final class World {
    /// After so much time at rest a run goes on to its next step.
    private static let patience: UInt64 = 20_000_000_000
    /// All sessions must have ended so long after their peers have.
    private static let longestEnd: UInt64 = 60_000_000_000
    /// Cancels that were refused again and again have been repeated often enough by then.
    private static let longestCancel: UInt64 = 3_000_000_000
    /// A side that has gone is noticed within that time.
    private static let longestNotice: UInt64 = 6_000_000_000
    /// More moves than a run can need.
    private static let mostMoves = 200_000

    private enum Option {
        case act(Int)
        case read(Int)
        case complete(driver: Int, Int)
        case wake(Int)
        case step
        case abort
    }

    let network: Network
    let scenario: Scenario
    let orders = WorkerOrders()
    private(set) var drivers: [SimulatedDriver] = []
    private(set) var workers: [Worker<SimulatedDriver>] = []
    var isInTurn: [Bool]
    /// A worker that the machine does not let run, for so many turns of the others.
    private(set) var paused = 0
    var pausedTurns = 0
    private var registry: EndpointRegistry!
    /// For each service a worker's own ones; or one for all.
    private var listeners: [[SimulatedListener]]
    /// Descriptors of listeners that all workers share: they go with the process.
    private var shared: [Int: Int32] = [:]

    private var options: [Option] = []
    private var nextStep = 0
    private var moves = 0
    private var restsSince: UInt64 = 0
    private var settledAt: UInt64?
    private(set) var isDraining = false
    var wasReset: Bool { network.isResetOrdered }

    init(_ scenario: Scenario, _ choices: Choices) {
        self.scenario = scenario
        isInTurn = Array(repeating: false, count: scenario.workers)
        listeners = scenario.services.map { _ in [] }
        network = Network(choices: choices)
        network.endpoints = scenario.endpoints
        network.descriptorLimit = scenario.descriptorLimit
        network.pipeCapacity = scenario.pipeCapacity
        network.failing = scenario.failing
        network.endsByPolicy = scenario.onRemove != .keep || scenario.rebalances
        network.served = Array(repeating: [], count: scenario.workers)
        drivers = (0..<scenario.workers).map { index in
            let driver = SimulatedDriver(
                index: index,
                network: network,
                world: self,
                buffers: scenario.common,
                reserve: scenario.reserve
            )
            driver.batch = scenario.batch
            return driver
        }
        network.isBusy = { [unowned self] connection in drivers.contains { $0.isBusy(connection) } }
    }

    /// Puts the workers into their world; before their start.
    func place(_ workers: [Worker<SimulatedDriver>], _ registry: EndpointRegistry) {
        self.workers = workers
        self.registry = registry
        restsSince = network.clock
        for client in scenario.clients { arrive(client, service: 0) }
    }

    /// The listening descriptors of one worker, one for each service: its own, or one for all on a unix socket.
    func listen() -> [WorkerContext.Listener] {
        scenario.services.indices.map { service in
            let isUnix = scenario.unixServices.contains(service)
            if isUnix, let descriptor = shared[service] {
                return WorkerContext.Listener(descriptor: descriptor, isUnix: true)
            }
            let listener = SimulatedListener(isShared: isUnix)
            listeners[service].append(listener)
            let descriptor = network.open(.listener(listener))
            if isUnix { shared[service] = descriptor }
            return WorkerContext.Listener(descriptor: descriptor, isUnix: isUnix)
        }
    }

    /// The client of a worker's session that a token belongs to.
    func client(of token: Token, _ worker: Int) -> Connection? {
        network.connection(unsafe workers[worker].sessions.pointer(token.slot).pointee.client, "connect")
    }

    func isSpare(_ token: Token, _ worker: Int) -> Bool {
        unsafe workers[worker].sessions.pointer(token.slot).pointee.phase == .spare
    }

    func establish(_ connection: Connection, port: UInt16) {
        guard !connection.isEstablished, let endpoint = network.endpoints[port] else { return }
        connection.isEstablished = true
        connection.peer = endpoint.script()
        if settledAt != nil { connection.peer.settle() }
        connection.edges += 1
    }

    // MARK: Moves

    /// One thing happens, or time passes; false when the wait of a worker is over.
    func moveOnce(for waiting: Int, hasResults: Bool) -> Bool {
        moves += 1
        guard moves < Self.mostMoves else {
            network.fail("no end after \(moves) moves")
            return false
        }
        if scenario.looksAtHealth, network.choices.chance(oneIn: 12) { lookAtHealth() }
        let deadline = nextDeadline
        let isDeliverable = hasResults || isAnotherReady(than: waiting)
        gather(everything: true)
        guard !options.isEmpty else { return isDeliverable ? false : rest(until: deadline) }
        if deadline != .never, !isDeliverable, network.choices.chance(oneIn: 128), mayDawdle {
            dawdle(until: deadline)
            return false
        }
        let choice = network.choices.pick(options.count + (isDeliverable ? 1 : 0))
        guard choice < options.count else {
            if !hasResults { network.mark(.yielded) }
            return false
        }
        if isProgress(options[choice]) { restsSince = network.clock }
        perform(options[choice])
        return true
    }

    /// Something that needs no operation of the worker happens.
    func moveAtRandom() {
        gather(everything: false)
        guard !options.isEmpty else { return }
        perform(options[network.choices.pick(options.count)])
    }

    private func gather(everything: Bool) {
        options.removeAll(keepingCapacity: true)
        for (index, connection) in network.connections.enumerated() {
            if network.canAct(connection) { options.append(.act(index)) }
            if connection.queued > 0, connection.peer.isReading, !connection.isDead { options.append(.read(index)) }
        }
        guard everything else { return }
        for (number, driver) in drivers.enumerated() {
            for index in driver.pending.indices where driver.canComplete(index) {
                options.append(.complete(driver: number, index))
            }
            if driver.isWakeUnderWay, !workers[number].isFinished { options.append(.wake(number)) }
        }
        if nextStep < scenario.steps.count, !scenario.steps[nextStep].waitsForRest { options.append(.step) }
        if scenario.mayAbort && !wasReset { options.append(.abort) }
    }

    /// An accept that fails again and again is none.
    private func isProgress(_ option: Option) -> Bool {
        guard case .complete(let driver, let index) = option else { return true }
        return drivers[driver].pending[index].kind != .accept || !network.isOutOfDescriptors
    }

    private func perform(_ option: Option) {
        switch option {
        case .act(let index): network.act(network.connections[index])
        case .read(let index):
            let connection = network.connections[index]
            let portion = network.choices.portion(of: connection.queued, .slowPeer)
            if portion < connection.queued { network.mark(.slowPeer) }
            network.read(connection, portion)
        case .complete(let driver, let index): drivers[driver].complete(index)
        case .wake(let index):
            drivers[index].isWakeUnderWay = false
            drivers[index].isWoken = true
            if network.handovers.underWay[index].isEmpty { network.mark(.wokenTooLate) }
        case .step: takeStep()
        case .abort: order(.reset)
        }
    }

    // MARK: Time

    /// The kernel is not slow: time passes only when it has nothing more to tell. Peers and networks may be.
    private var mayDawdle: Bool {
        drivers.allSatisfy { driver in
            !driver.hasUnsubmitted && !driver.isWakeUnderWay
                && driver.pending.indices.allSatisfy { driver.pending[$0].kind == .connect || !driver.canComplete($0) }
        }
    }

    /// A deadline comes before what could have happened, or in the same moment.
    private func dawdle(until deadline: Deadline) {
        pass(to: deadline.nanoseconds)
        for driver in drivers {
            for index in driver.pending.indices
            where driver.pending[index].kind == .connect && driver.canComplete(index) && network.choices.pick(2) == 0 {
                driver.complete(index)
            }
        }
        if network.choices.pick(2) == 0 { moveAtRandom() }
    }

    private func pass(to time: UInt64) {
        for connection in network.connections where !connection.isDead { network.noteStall(connection) }
        network.clock = max(network.clock, time)
        network.mark(.timePassed)
        for connection in network.connections where !connection.isDead { network.noteStall(connection) }
    }

    /// Nothing can happen but that time passes, or that the run goes on.
    private func rest(until deadline: Deadline) -> Bool {
        if let driver = drivers.first(where: \.hasUnsubmitted) {
            driver.start()
            return true
        }
        checkInboxes()
        checkNotice(until: deadline)
        var next = deadline.nanoseconds
        for connection in network.connections where !connection.isDead && connection.isEstablished {
            if case .sleep? = connection.peer.action { next = min(next, connection.peer.wakesAt) }
        }
        checkWaiting(until: deadline, next)
        let isEndless = next == .max || network.clock - restsSince > Self.patience
        if isEndless && goOn() { return true }
        if let settledAt, sessions > 0, isEndless || network.clock - settledAt > Self.longestEnd {
            network.fail("\(sessions) sessions are left although their peers have ended: a hang")
            return false
        }
        guard next < .max else {
            network.fail("the worker sleeps for ever")
            return false
        }
        pass(to: next)
        return true
    }

    /// Whoever waits for an upstream and goes is let go; whoever waits in a queue is taken out of it.
    ///
    /// - Parameter next: when something happens at the earliest.
    private func checkWaiting(until deadline: Deadline, _ next: UInt64) {
        for connection in network.connections where connection.role == .client && connection.peer.hasReset {
            // A unix client that has asked for something and closed may still want it done.
            guard connection.descriptor >= 0, connection.partner?.wasRelayed != true,
                connection.peer.sent == 0 || !connection.isUnix,
                next - connection.diedAt > Self.longestCancel
            else { continue }
            network.fail("\(connection.title) has gone before it was served, which is not noticed")
        }
        if deadline == .never, !network.isOutOfDescriptors, listeners.joined().contains(where: { !$0.queue.isEmpty }) {
            network.fail("clients wait to be accepted, and the worker sleeps for ever")
        }
    }

    /// That a side has gone must not stay unnoticed, unless the other one is blocked: then nothing reads it.
    private func checkNotice(until deadline: Deadline) {
        for connection in network.connections where connection.peer.hasReset && connection.descriptor >= 0 {
            guard let partner = connection.partner, partner.descriptor >= 0, partner.queued == 0,
                connection.wasRelayed || partner.wasRelayed
            else { continue }
            // A unix peer that has closed is at the end of its stream, and no more is to be seen of it.
            if connection.isUnix && !connection.diedOverBytes { continue }
            if deadline == .never || network.clock - connection.diedAt > Self.longestNotice {
                network.fail("\(connection.title) has gone, and its session does not notice")
            }
        }
    }

    /// The next part of a run: what is left of the scenario, the end of all peers, the drain.
    private func goOn() -> Bool {
        restsSince = network.clock
        if nextStep < scenario.steps.count {
            takeStep()
        } else if settledAt == nil {
            settle()
        } else if sessions == 0 && !isDraining {
            order(.drain)
        } else {
            return false
        }
        return true
    }

    /// From now on nothing goes wrong, and every peer says what it has to say and ends.
    func settle() {
        network.say("everybody comes to an end")
        settledAt = network.clock
        network.choices.allowsFaults = false
        network.descriptorLimit = 1 << 16
        for connection in network.connections { connection.peer.settle() }
    }

    // MARK: Steps

    /// A step that may come in the middle of a turn may do so now.
    func takeStepDuringTurn() {
        guard pausedTurns == 0, nextStep < scenario.steps.count, case .duringTurn = scenario.steps[nextStep],
            network.choices.pick(3) == 0
        else { return }
        takeStep()
    }

    private func takeStep() {
        let step = scenario.steps[nextStep]
        nextStep += 1
        take(step)
    }

    private func take(_ step: Scenario.Step) {
        switch step {
        case .client(let service, let peer):
            arrive(peer, service: service)
        case .endpoints(let service, let ports):
            network.say("endpoints of service \(service): \(ports)")
            network.mark(ports.isEmpty ? .noEndpoints : .endpointsChanged)
            replace(service, ports)
            wake()
        case .behaviour(let port, let behaviour):
            network.endpoints[port]?.behaviour = behaviour
        case .descriptorLimit(let limit):
            network.descriptorLimit = limit
        case .drain: order(.drain)
        case .reset: order(.reset)
        case .rebalance(let count):
            network.say("\(count) tickets for each endpoint")
            workers[0].context.tickets.grant(registry.observe().endpoints.map { ($0.assignment.slot, count) })
            wake()
            speakUp()
        case .pause(let worker, let turns): (paused, pausedTurns) = (worker, turns)
        case .crowd(let service, let worker, let count):
            let listener = listeners[service][min(worker, listeners[service].count - 1)]
            for _ in 0..<count { arrive(Peer([.awaitEnd]), at: listener) }
        case .duringTurn(let step): take(step)
        }
    }

    /// Peers that have been silent have something to say in the very moment in which their sessions are to be closed.
    private func speakUp() {
        for connection in network.connections {
            guard connection.isEstablished, !connection.isDead, !connection.peer.isDone, connection.peer.left == 0,
                network.choices.pick(2) == 0
            else { continue }
            connection.peer.script.insert(.send(1), at: min(connection.peer.next, connection.peer.script.count))
        }
    }

    /// The supervisor does its part: what has failed too often is ejected, and comes back.
    private func lookAtHealth() {
        for change in registry.look(at: Deadline(nanoseconds: network.clock)) {
            network.say("\(change.assignment.endpoint.name) is \(change.health.name) (\(change.health.reason))")
            switch change.health.state {
            case .ejected: network.mark(.endpointEjected)
            case .trial: network.mark(.endpointOnTrial)
            case .new: network.mark(.endpointBack)
            case .ready, .suspect: break
            }
            wake()
        }
    }

    func replace(_ service: Int, _ ports: [UInt16]) {
        registry.replace(
            service: service,
            with: ports.map { Endpoint(address: SocketAddress(ipv4: [10, 0, 0, 1], port: $0), name: "\($0)") },
            at: Deadline(nanoseconds: network.clock)
        )
        registry.tidy(at: Deadline(nanoseconds: network.clock))
        checkHeld(workers[0].context.publication)
    }

    private func wake() {
        for driver in drivers { driver.isWoken = true }
    }

    private func arrive(_ peer: Peer, service: Int) {
        arrive(peer, at: listeners[service][network.choices.pick(listeners[service].count)])
    }

    private func arrive(_ peer: Peer, at listener: SimulatedListener) {
        guard listener.isOpen, !listener.refusesNew else { return }
        let number = network.connections.count
        let address = SocketAddress(ipv4: [10, 1, UInt8(number >> 8), UInt8(number & 0xff)], port: UInt16(number + 1))
        let connection = Connection(number: number, role: .client, address: address, peer: peer)
        connection.isUnix = listener.isShared
        connection.isEstablished = true
        if settledAt != nil { connection.peer.settle() }
        network.connections.append(connection)
        listener.queue.append(connection)
    }

    private func order(_ order: WorkerOrder) {
        network.say("the order is \(order)")
        guard !wasReset else { return }
        if order == .reset { network.isResetOrdered = true }
        isDraining = true
        network.mark(order == .reset ? .resetOrdered : .drainBegun)
        if network.handovers.underWay.contains(where: { !$0.isEmpty }) { network.mark(.drainOverInbox) }
        for listener in listeners.joined() { listener.refusesNew = true }
        orders.raise(to: order)
        wake()
    }

    /// The end of the process: shared listeners go, and what is under way still arrives.
    func deliverRest() {
        if wasReset {
            // Whoever is in a shared queue then goes with the process.
            for listener in listeners.joined() where listener.isShared {
                for connection in listener.queue { network.resetPeer(connection) }
                listener.queue.removeAll()
            }
        }
        for descriptor in shared.values.sorted() { network.close(descriptor, withReset: false) }
        settle()
        for connection in network.connections where connection.queued > 0 && !connection.isDead {
            network.read(connection, connection.queued)
        }
    }

    /// Connections refer to their partners: without this they would stay for ever.
    func dissolve() {
        for connection in network.connections {
            connection.partner = nil
            connection.spareOf = nil
        }
        for driver in drivers { driver.sockets.move.body = {} }
        network.isBusy = { _ in false }
        workers = []
        drivers = []
    }
}
