import Glibc
import Reactor

/// What the world knows of accepted clients: whose each of them is, in which inbox it lies, and who serves it. All of it
/// is seen from outside, by what workers do with descriptors and by the counts that they share.
final class Handovers {
    let table: HandoverTable
    private let wakeups: [Wakeup]
    /// By worker: accepted from the kernel, given to another, taken from another.
    private(set) var accepted: [Int]
    private(set) var given: [Int]
    private(set) var taken: [Int]
    /// What lies in each worker's inbox, the first to be taken first.
    private(set) var underWay: [[Connection]]

    /// - Parameter weights: clients that count on each worker beside those that are played.
    init(weights: [Int]) throws(SystemError) {
        var wakeups: [Wakeup] = []
        for _ in weights { wakeups.append(try Wakeup()) }
        self.wakeups = wakeups
        table = try HandoverTable(wakeups: wakeups)
        accepted = weights.map { _ in 0 }
        (given, taken) = (accepted, accepted)
        underWay = weights.map { _ in [] }
        for (worker, weight) in weights.enumerated() {
            for _ in 0..<weight { table.enter(worker) }
        }
    }

    var counts: [Int] { accepted.indices.map { table.count(of: $0) } }

    /// Or one short of it, for a moment: whoever was taken last is taken here with the first call for it.
    func isFull(_ worker: Int) -> Bool { underWay[worker].count >= Inbox.capacity }

    // MARK: The way of a client

    func accept(_ client: Connection, by worker: Int) {
        client.holder = worker
        accepted[worker] += 1
    }

    func give(_ client: Connection, to worker: Int) {
        given[client.holder ?? worker] += 1
        client.holder = worker
        client.wasHandedOver = true
        underWay[worker].append(client)
    }

    /// Its new worker has begun to serve it; false if it was not its turn.
    func take(_ client: Connection, by worker: Int) -> Bool {
        guard underWay[worker].first === client else { return false }
        underWay[worker].removeFirst()
        taken[worker] += 1
        return true
    }

    /// Whether a worker was woken since this was last asked.
    func wasWoken(_ worker: Int) -> Bool {
        var count: UInt64 = 0
        return unsafe read(wakeups[worker].descriptor, &count, 8) == 8
    }
}

extension Network {
    /// In a worker's turn a descriptor was used: a client's by nobody but the one worker whose it is.
    func noteUse(of client: Connection) {
        guard let worker = running, client.role == .client else { return }
        guard client.holder == worker else {
            let holder = client.holder.map { "worker \($0)" } ?? "nobody"
            fail("\(client.title) is used by worker \(worker), and belongs to \(holder)")
            return
        }
        guard !client.isServed else { return }
        client.isServed = true
        served[worker].append(client)
        guard client.wasHandedOver else { return }
        mark(.handedOver)
        if !handovers.take(client, by: worker) { fail("\(client.title) was taken before those that came before it") }
    }
}
