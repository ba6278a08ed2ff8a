import Reactor

/// What a run is made of, before the first choice.
struct Scenario {
    /// Something that happens to the workers from outside, some time.
    enum Step {
        case client(service: Int, Peer)
        /// Discovery has found these ports.
        case endpoints(service: Int, [UInt16])
        case behaviour(port: UInt16, Network.Behaviour)
        case descriptorLimit(Int)
        case drain
        case reset
        /// So many tickets for every endpoint, once everything is at rest.
        case rebalance(UInt32)
        /// A worker is not let run for so many turns of the others.
        case pause(worker: Int, turns: Int)
        /// So many clients at once, of one worker where each has its own listener.
        case crowd(service: Int, worker: Int, Int)
        /// In the middle of a worker's turn; or once everything is at rest.
        indirect case duringTurn(Step)

        var waitsForRest: Bool {
            switch self {
            case .rebalance, .duringTurn: true
            case .client, .endpoints, .behaviour, .descriptorLimit, .drain, .reset, .pause, .crowd: false
            }
        }
    }

    /// The services and the ports of their endpoints at the start.
    var services: [[UInt16]] = [[1]]
    var endpoints: [UInt16: Network.Endpoint] = [:]
    var workers = 1
    /// Clients that count on each worker beside those that are played.
    var weights = [0]
    /// Services that listen on a unix socket.
    var unixServices: Set<Int> = []
    /// Clients that are there at the start.
    var clients: [Peer] = []
    var steps: [Step] = []
    var balance = BalancePolicy.roundRobin
    var endpointCap = UInt32.max
    var hedge = HedgePolicy.off
    /// Whether endpoints are ejected and come back.
    var looksAtHealth = false
    var connectTimeout: UInt64 = 1_000_000_000
    var connectBudget: UInt64 = 5_000_000_000
    var idleTimeout: UInt64 = 0
    var accessLogInterval: UInt64 = 0
    var keepaliveSeconds: Int32 = 0
    /// After each session of a walk that sets up keepalive.
    var keepalivePause: UInt64 = 1_000_000
    var onRemove = RemovalPolicy.keep
    var rebalances = false
    /// Results of receives in a row that left nothing behind, and a direction is watched.
    var watchesAfter: UInt8 = 255
    var maxConnections = 4
    var pipes = 0
    var pipeCapacity = 1 << 20
    var descriptorLimit = 1 << 16
    var common = (count: 4, size: 16)
    var reserve = (count: 2, size: 8)
    /// Results that come together, at most.
    var batch = Int.max
    /// The order to reset everything may come at any moment.
    var mayAbort = false
    /// The failure of one operation or call.
    var failing: FaultPoint?

    var settings: DataPathSettings {
        DataPathSettings(
            balance: balance,
            endpointCap: endpointCap,
            hedge: hedge,
            connectTimeout: connectTimeout,
            connectBudget: connectBudget,
            idleTimeout: idleTimeout,
            accessLogInterval: accessLogInterval,
            recordsAccess: true,
            keepaliveSeconds: keepaliveSeconds,
            keepaliveStep: 1,
            keepalivePause: keepalivePause,
            busyPoll: 0,
            maxConnections: maxConnections,
            pipesPerWorker: pipes,
            watchesAfter: watchesAfter,
            seed: 1,
            onRemove: onRemove,
            rebalances: rebalances
        )
    }
}
