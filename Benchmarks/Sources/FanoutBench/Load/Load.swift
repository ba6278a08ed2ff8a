import CBench

/// What all sockets of one load share: the loop, the counters and where to connect.
final class Load {
    /// The most that a fixed number of connections may take.
    static let exchangeSeconds = 300.0

    let loop = EventLoop()
    let order: LoadOrder
    /// The backend's port.
    let backendPort: UInt16
    /// Bytes for bulk, round trips or connections.
    var units: UInt64 = 0
    var errors = 0
    var latencies = Histogram()
    /// Connections that the clients have seen echoed, for idle.
    var settled = 0
    private var target: UInt16 = 0
    /// Clients whose connect failed at once; the next turn tries again.
    private var unstarted = 0
    /// False while the number of connections is fixed: whoever counts them starts them.
    private var repeats = true

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
        if order.workload == .idle { measurement.memoryBefore = MemoryUse(of: members()) }
        startClients()
        turn(for: order.warmUpSeconds)
        if order.workload == .idle { settle() }

        units = 0
        errors = order.workload == .idle ? errors : 0
        latencies.removeAll()
        let begin = now()
        let loadBegin = CPUTime.seconds(of: [process])
        let cpuBegin = CPUTime.seconds(of: members())
        turn(for: order.seconds)
        measurement.cpuSeconds = CPUTime.seconds(of: members()) - cpuBegin
        measurement.loadCPUSeconds = CPUTime.seconds(of: [process]) - loadBegin
        measurement.seconds = Double(now() - begin) / 1e9
        measurement.units = measuredUnits(measurement.seconds)
        measurement.p50 = latencies.microseconds(at: 0.5)
        measurement.p99 = latencies.microseconds(at: 0.99)
        measurement.errors = errors
        if order.workload == .idle { measurement.memoryHeld = MemoryUse(of: members()) }
        return measurement
    }

    private func measuredUnits(_ seconds: Double) -> Double {
        switch order.workload {
        case .bulkUp, .bulkDown, .bulkBoth: Double(units) / Double(1 << 30)
        case .pingpong, .churn: Double(units)
        case .idle: seconds
        }
    }

    private func turn(for seconds: Double) {
        let end = now() + UInt64(seconds * 1e9)
        while now() < end {
            let again = unstarted
            unstarted = 0
            for _ in 0..<again { startClient() }
            loop.turn()
        }
    }

    /// Opens the held connections a few at a time, so that no listener's queue overflows, until all have echoed.
    private func settle() {
        let atOnce = 100
        let limit = now() + 30_000_000_000
        var started = 0
        while settled + errors < order.workload.connections && now() < limit {
            while started < order.workload.connections && started - settled - errors < atOnce {
                startClient()
                started += 1
            }
            loop.turn()
        }
        errors += order.workload.connections - settled - errors
        turn(for: order.warmUpSeconds)
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
            while started < count && started - ended < order.workload.connections {
                started += 1
                startClient()
            }
            loop.turn()
        }
        var measurement = Measurement()
        measurement.seconds = Double(now() - begin) / 1e9
        measurement.units = Double(units)
        measurement.p50 = latencies.microseconds(at: 0.5)
        measurement.p99 = latencies.microseconds(at: 0.99)
        measurement.errors = errors + max(0, count - ended)
        return measurement
    }

    /// Starts the successor of a client that has ended.
    func replaceClient() {
        if repeats { startClient() }
    }

    private func startClients() {
        guard order.workload != .idle else { return }
        for _ in 0..<order.workload.connections { startClient() }
    }

    /// Starts one client; a connect that fails at once is an error.
    func startClient() {
        let descriptor = bench_connect(target)
        guard descriptor >= 0 else {
            errors += 1
            if order.workload == .churn && repeats { unstarted += 1 }
            return
        }
        switch order.workload {
        case .bulkUp, .bulkBoth: loop.add(BulkStream(descriptor, load: self, sends: true))
        case .bulkDown: loop.add(BulkStream(descriptor, load: self, sends: false))
        case .pingpong: loop.add(PingPongClient(descriptor, load: self, repeats: true))
        case .churn: loop.add(ChurnClient(descriptor, load: self))
        case .idle: loop.add(PingPongClient(descriptor, load: self, repeats: false))
        }
    }

    func acceptClient(_ descriptor: Int32) {
        switch order.workload {
        case .bulkUp: loop.add(BulkStream(descriptor, load: self, sends: false))
        case .bulkDown, .bulkBoth: loop.add(BulkStream(descriptor, load: self, sends: true))
        case .pingpong, .idle: loop.add(EchoBackend(descriptor, load: self, closes: false))
        case .churn: loop.add(EchoBackend(descriptor, load: self, closes: true))
        }
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
