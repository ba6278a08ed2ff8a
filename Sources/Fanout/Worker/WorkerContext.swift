import Reactor
import Synchronization

/// What the data path is told once, at the start.
struct DataPathSettings: Sendable {
    var balance: BalancePolicy
    /// Connections that one endpoint may have, of all workers.
    var endpointCap = UInt32.max
    var hedge = HedgePolicy.auto
    /// Nanoseconds, like every duration here; 0 means off where that makes sense.
    var connectTimeout: UInt64
    var connectBudget: UInt64
    var idleTimeout: UInt64
    var accessLogInterval: UInt64
    var recordsAccess: Bool
    /// Silence before the first probe on an established connection, in seconds; 0 is off.
    var keepaliveSeconds: Int32
    /// Sessions for which that is set up in one turn: some tens of microseconds.
    var keepaliveStep = 32
    /// Between two such turns, in nanoseconds.
    var keepalivePause: UInt64 = 1_000_000
    /// Ports that the kernel gives to connects (net.ipv4.ip_local_port_range): only at one of them can a socket connect to
    /// itself.
    var localPorts: ClosedRange<UInt16> = 0...(.max)
    /// Whether the congestion control of new sockets spreads what they send over time (CongestionControl).
    var isPaced = false
    /// Spinning before each sleep.
    var busyPoll: UInt64
    /// Of each worker.
    var buffers = BufferSizes()
    /// Connections of the whole process.
    var maxConnections: Int
    /// Pipes that a worker may use at the same time for bulk streams.
    var pipesPerWorker: Int
    /// Results of receives in a row that left nothing behind, and a direction is watched (TurnAround). A short connection
    /// never is: a watch is dearer to begin and to end than a receive.
    var watchesAfter: UInt8 = 4
    /// Makes ties fall differently in each process.
    var seed: UInt64
    var onRemove = RemovalPolicy.keep
    var rebalances = false

    /// What one pipe holds, in bytes.
    static let pipeBytes = 256 << 10

    /// One pipe for so many connections that full ones add a quarter to what connections are reckoned to take of
    /// memory (4 KiB each); but a few even where only a few connections are allowed.
    static func pipesPerWorker(connections: Int, workers: Int) -> Int {
        min(256, max(8, connections / 64 / workers))
    }
}

/// Counts the connections of the process against its limit: one atomic for each accept and close.
final class Admission: Sendable {
    let limit: Int
    private let active = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    /// Takes a place, or returns false when all are taken.
    func enter() -> Bool {
        if active.add(1, ordering: .relaxed).newValue <= limit { return true }
        active.subtract(1, ordering: .relaxed)
        return false
    }

    /// Pipes and spares take descriptors that connections may need: they are for times when there are plenty.
    var hasPlenty: Bool { count <= limit / 2 }

    func leave() { active.subtract(1, ordering: .relaxed) }

    var count: Int { active.load(ordering: .relaxed) }
}

/// What the supervisor wants of a worker; it only ever rises.
enum WorkerOrder: UInt8, Sendable {
    case run = 0
    /// Take no new clients, serve those the kernel has accepted, end when the last session has.
    case drain = 1
    /// Reset what is left, and end.
    case reset = 2
}

/// Everything that a worker shares with the rest of the process: this list is the border of the data plane.
struct WorkerContext: Sendable {
    let index: Int
    let settings: DataPathSettings
    /// One listening descriptor for each service, by service number.
    let listeners: [Listener]
    let publication: Publication
    let loads: LoadTable
    let admission: Admission
    let statistics: WorkerStatistics
    /// Its rows of what all workers count for each service, and for each endpoint slot.
    let services: ServiceRows
    let endpoints: EndpointRows
    let census: Census
    let records: AccessRecords
    let order: WorkerOrders
    let handover: HandoverTable
    let removals: RemovalTable
    let tickets: RebalanceTickets

    struct Listener: Sendable {
        let descriptor: Int32
        let isUnix: Bool
    }
}

/// The order that stands for all workers.
final class WorkerOrders: Sendable {
    private let value = Atomic<UInt8>(WorkerOrder.run.rawValue)

    /// The workers must be woken afterwards.
    func raise(to order: WorkerOrder) { value.store(order.rawValue, ordering: .releasing) }

    @inline(__always)
    var current: WorkerOrder { WorkerOrder(rawValue: value.load(ordering: .acquiring)) ?? .reset }
}
