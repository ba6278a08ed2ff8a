import CBench

/// What all sockets of one load share: the loop, the counters and where to connect.
final class Load {
    /// The most that a fixed number of connections may take.
    static let exchangeSeconds = 300.0
    /// Connections that are being opened at once, so that no listener's queue overflows.
    private static let opening = 64
    /// Opening is over when so long no connection has come up: the peer takes no more.
    private static let openingPatienceSeconds = 3.0
    /// Opening is over when so many have failed, for the same reason.
    private static let mostOpeningErrors = 100

    let loop = EventLoop()
    let order: LoadOrder
    /// The backend's port.
    let backendPort: UInt16
    /// Bytes for bulk, round trips or connections.
    var units: UInt64 = 0
    var errors = 0
    var latencies = Histogram()
    /// Clients that have made their first round trip.
    var settled = 0
    private var target: UInt16 = 0
    /// Clients of a connection that stays, by descriptor.
    private var clients: [Int32: Handler] = [:]
    /// Clients whose connect failed at once; the next turn tries again.
    private var unstarted = 0
    /// Clients that wait for their next message, where messages are paced.
    private var resting: [ExchangeClient] = []
    /// False while the number of connections is fixed: whoever counts them starts them.
    private var repeats = true

    private var workload: Workload { order.workload }

    /// Listens as the workload's backend.
    init(_ order: LoadOrder) {
        self.order = order
        var port: UInt16 = 0
        let listener = unsafe bench_listen(&port)
        precondition(listener >= 0, "listen: errno \(-listener)")
        backendPort = port
        loop.add(Acceptor(listener, load: self))
    }

    /// Sends the load to `target`, measures a window (or a number of connections) and returns it.
    func run(_ target: LoadTarget, own process: Int32) -> Measurement {
        self.target = target.port
        if let connections = target.connections { return exchange(connections) }
        let members = { ProcessTree.members(of: target.process ?? process) }
        var measurement = Measurement()
        if workload.kind == .idle {
            measurement.memoryBefore = MemoryUse(of: members())
            measurement.kernelBefore = KernelMemory()
        }
        open()
        if workload.kind == .exchange {
            let exchanges = clients.values.compactMap { $0 as? ExchangeClient }
            if workload.rate == nil {
                for client in exchanges { client.start() }
            } else {
                resting = exchanges
            }
        }
        turn(for: order.warmUpSeconds)

        units = 0
        let openingErrors = workload.kind == .churn ? 0 : errors
        errors = 0
        latencies.removeAll()
        for client in clients.values { client.hasMoved = false }
        let begin = now()
        let loadBegin = CPUTime.seconds(of: [process])
        let cpuBegin = CPUTime.seconds(of: members())
        turn(for: order.seconds)
        measurement.cpuSeconds = CPUTime.seconds(of: members()) - cpuBegin
        measurement.loadCPUSeconds = CPUTime.seconds(of: [process]) - loadBegin
        measurement.seconds = Double(now() - begin) / 1e9
        measurement.units = measuredUnits(measurement.seconds)
        measurement.take(latencies)
        measurement.held = clients.count
        measurement.errors = openingErrors + errors + silentClients
        if workload.kind == .idle {
            measurement.memoryHeld = MemoryUse(of: members())
            measurement.kernelHeld = KernelMemory()
        }
        return measurement
    }

    /// Connections over which nothing came during the window though something should have.
    private var silentClients: Int {
        workload.kind == .idle ? 0 : clients.values.count { !$0.hasMoved }
    }

    private func measuredUnits(_ seconds: Double) -> Double {
        switch workload.kind {
        case .bulkUp, .bulkDown, .bulkBoth: Double(units) / Double(1 << 30)
        case .idle: seconds
        default: Double(units)
        }
    }

    private func turn(for seconds: Double) {
        let end = now() + UInt64(seconds * 1e9)
        if let rate = workload.rate { return turn(until: end, Pace(rate: rate, from: now())) }
        while now() < end {
            let again = unstarted
            unstarted = 0
            for _ in 0..<again { startClient() }
            loop.turn()
        }
    }

    /// Never sleeps, so that nothing begins late for the load's own sake.
    private func turn(until end: UInt64, _ pace: Pace) {
        var pace = pace
        repeats = false
        while now() < end {
            while workload.kind == .churn || !resting.isEmpty, let time = pace.take(at: now()) {
                if workload.kind == .churn {
                    startClient(due: time)
                } else {
                    resting.removeFirst().send(due: time)
                }
            }
            loop.turn(within: 0)
        }
    }

    /// The client of a paced exchange has its answer.
    func rest(_ client: ExchangeClient) { resting.append(client) }

    /// Opens the connections: those that stay for messages a few at a time, each with a round trip that shows that it
    /// works; the others all at once.
    private func open() {
        if workload.kind == .churn && workload.rate != nil { return }
        guard workload.kind == .exchange || workload.kind == .idle else {
            for _ in 0..<workload.connections { startClient() }
            return
        }
        var started = 0
        var known = 0
        var lastChange = now()
        while settled + errors < workload.connections && errors < Self.mostOpeningErrors {
            while started < workload.connections && started - settled - errors < Self.opening {
                startClient()
                started += 1
            }
            loop.turn()
            if settled + errors != known {
                known = settled + errors
                lastChange = now()
            }
            guard now() - lastChange < UInt64(Self.openingPatienceSeconds * 1e9) else { break }
        }
        errors += workload.connections - settled - errors
    }

    /// Makes `count` short connections, as many at once as the workload has, and returns when all have ended.
    private func exchange(_ count: Int) -> Measurement {
        repeats = false
        units = 0
        errors = 0
        latencies.removeAll()
        let begin = now()
        var started = 0
        var ended: Int { Int(units) + errors }
        while ended < count && now() - begin < UInt64(Self.exchangeSeconds * 1e9) {
            while started < count && started - ended < workload.connections {
                started += 1
                startClient()
            }
            loop.turn()
        }
        var measurement = Measurement()
        measurement.seconds = Double(now() - begin) / 1e9
        measurement.units = Double(units)
        measurement.take(latencies)
        measurement.errors = errors + max(0, count - ended)
        return measurement
    }

    /// Starts the successor of a client that has ended.
    func replaceClient() {
        if repeats { startClient() }
    }

    /// Starts one client; a connect that fails at once is an error.
    ///
    /// - Parameter due: when it should have been started, if that is not now.
    private func startClient(due: UInt64? = nil) {
        let descriptor = bench_connect(target)
        guard descriptor >= 0 else {
            errors += 1
            if workload.kind == .churn && repeats { unstarted += 1 }
            return
        }
        switch workload.kind {
        case .churn: return loop.add(ChurnClient(descriptor, load: self, startedAt: due ?? now()))
        case .bulkUp, .bulkBoth: stay(BulkStream(descriptor, load: self, sends: true, isClient: true))
        case .bulkDown: stay(BulkStream(descriptor, load: self, sends: false, isClient: true))
        default: stay(ExchangeClient(descriptor, load: self))
        }
    }

    private func stay(_ client: Handler) {
        clients[client.descriptor] = client
        loop.add(client)
    }

    func acceptClient(_ descriptor: Int32) {
        switch workload.kind {
        case .bulkUp: loop.add(BulkStream(descriptor, load: self, sends: false, isClient: false))
        case .bulkDown, .bulkBoth: loop.add(BulkStream(descriptor, load: self, sends: true, isClient: false))
        default: loop.add(EchoBackend(descriptor, load: self, closes: workload.kind == .churn))
        }
    }

    /// Ends a connection that should have stayed.
    func close(_ handler: Handler) {
        clients[handler.descriptor] = nil
        resting.removeAll { $0 === handler }
        loop.close(handler)
    }
}

/// The backend's listener.
final class Acceptor: Handler {
    private unowned let load: Load

    init(_ descriptor: Int32, load: Load) {
        self.load = load
        super.init(descriptor)
    }

    override var isEdgeTriggered: Bool { false }
    override var events: UInt32 { UInt32(BENCH_IN) }

    override func ready(_ events: UInt32) {
        let mostAtOnce = 64
        for _ in 0..<mostAtOnce {
            let descriptor = bench_accept(descriptor)
            guard descriptor >= 0 else { return }
            load.acceptClient(descriptor)
        }
    }
}
