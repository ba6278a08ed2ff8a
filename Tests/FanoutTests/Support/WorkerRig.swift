import Glibc
import Reactor

@testable import Fanout

/// A real worker on a real driver, the first of two as the others see it, with one service and no endpoint.
final class WorkerRig: Sendable {
    let wakeup: Wakeup
    let handover: HandoverTable
    let orders = WorkerOrders()
    let services: ServiceRows
    let context: WorkerContext
    private let memory: SharedMemory
    private let servicesMemory: SharedMemory
    private let endpoints: EndpointStatistics
    private let isEpoll: Bool

    init(epoll isEpoll: Bool, budget: UInt64) throws {
        self.isEpoll = isEpoll
        wakeup = try Wakeup()
        let other = try Wakeup()
        handover = try HandoverTable(wakeups: [wakeup, other])
        memory = try SharedMemory(bytes: WorkerStatistics.bytes)
        servicesMemory = try SharedMemory(bytes: ServiceStatistics.bytes)
        services = unsafe ServiceRows(at: servicesMemory.at(0), services: 1)
        endpoints = try EndpointStatistics(workers: 1, slots: 16)
        let listener = try ListeningSocket(
            SocketAddress(ipv4: [127, 0, 0, 1], port: 0),
            workers: 1,
            dualStack: false
        )
        context = WorkerContext(
            index: 0,
            settings: .forTests(budget: budget),
            listeners: [.init(descriptor: listener.descriptors[0], isUnix: false)],
            publication: try Publication(
                first: EndpointSnapshot(version: 1, services: [nil]),
                wakeups: [wakeup]
            ),
            loads: try LoadTable(workers: 1, slots: 16),
            admission: Admission(limit: 64),
            statistics: unsafe WorkerStatistics(row: memory.at(0)),
            services: services,
            endpoints: endpoints.rows(of: 0),
            census: try Census(),
            records: try AccessRecords(doorbell: other),
            order: orders,
            handover: handover,
            removals: try RemovalTable(slots: 16),
            tickets: try RebalanceTickets(slots: 16)
        )
    }

    /// Runs the worker on the calling thread until it has done what it was ordered to.
    func run() throws {
        if isEpoll {
            try serve(EpollDriver(wakeup: wakeup))
        } else {
            try serve(UringDriver(wakeup: wakeup))
        }
    }

    private func serve<D: Driver>(_ driver: D) throws {
        let worker = try Worker(context: context, driver: driver)
        worker.start()
        worker.run()
    }

    func order(_ order: WorkerOrder) {
        orders.raise(to: order)
        wakeup.signal()
    }

    /// Leaves a client in the worker's inbox as another worker does: false if it takes none.
    func give(_ descriptor: Int32) -> Bool {
        handover.enter(0)
        if handover.give(Inbox.Client(descriptor: descriptor, service: 0), to: 0) { return true }
        handover.leave(0)
        return false
    }
}

extension DataPathSettings {
    /// - Parameter budget: nanoseconds for connecting.
    static func forTests(budget: UInt64) -> DataPathSettings {
        DataPathSettings(
            balance: .leastConnections,
            connectTimeout: budget,
            connectBudget: budget,
            idleTimeout: 0,
            accessLogInterval: 0,
            recordsAccess: false,
            keepaliveSeconds: 0,
            busyPoll: 0,
            maxConnections: 64,
            pipesPerWorker: 8,
            seed: 1
        )
    }
}

/// Two connected stream sockets; whoever has one closes it.
func socketPair() -> (Int32, Int32) {
    var ends: (Int32, Int32) = (-1, -1)
    let type = Int32(bitPattern: SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    unsafe withUnsafeMutableBytes(of: &ends) {
        _ = unsafe socketpair(AF_UNIX, type, 0, $0.assumingMemoryBound(to: Int32.self).baseAddress)
    }
    return ends
}
