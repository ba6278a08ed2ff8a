import Reactor

/// SO_REUSEPORT spreads connections by a hash, which leaves a few long ones lumpy: a worker that has many more than
/// another hands the next one over to it.
extension Worker {
    /// Beyond so many other workers only two are looked at for each client.
    static var mostCompared: Int { 16 }
    /// So many times another worker may be quicker, before a client is served where it was accepted.
    static var mostClaims: Int { 8 }
    /// Short sessions stay where they are below this difference.
    static var shortSkew: Int { 16 }

    /// The difference to the least loaded worker that is left as it is.
    static func tolerance(of count: Int, areShort: Bool) -> Int {
        areShort ? max(shortSkew, count / 2) : count / 8
    }

    /// Serves a client that was accepted here, or lets another worker do so.
    @inline(__always)
    func welcome(_ client: Int32, service: Int) {
        if context.handover.workers > 1 && order == .run {
            place(client, service: service)
        } else {
            serveHere(client, service: service)
        }
    }

    /// Serves a client whatever the others have to do.
    func serveHere(_ client: Int32, service: Int) {
        context.handover.enter(context.index)
        admit(client, service: service)
    }

    private func place(_ client: Int32, service: Int) {
        let areShort = lifetimes.areShort(at: now)
        for _ in 0..<Self.mostClaims {
            let own = context.handover.count(of: context.index)
            let other = leastLoadedOther()
            guard own - other.count > Self.tolerance(of: own, areShort: areShort) else {
                guard context.handover.claim(context.index, seen: own) else { continue }
                admit(client, service: service)
                return
            }
            guard context.handover.claim(other.worker, seen: other.count) else { continue }
            let entry = Inbox.Client(descriptor: client, service: UInt32(truncatingIfNeeded: service))
            if context.handover.give(entry, to: other.worker) {
                statistics.add(.handedOver)
                return
            }
            // It is at its end, or has its inbox full.
            context.handover.leave(other.worker)
            break
        }
        serveHere(client, service: service)
    }

    /// Of all others, or of two in turn where there are many.
    private func leastLoadedOther() -> (worker: Int, count: Int) {
        let workers = context.handover.workers
        handoverTurn &+= 1
        var worker = Int(handoverTurn % UInt64(workers))
        var least = (worker: worker, count: Int.max)
        for _ in 0..<(workers - 1 <= Self.mostCompared ? workers - 1 : 2) {
            if worker == context.index { worker = (worker + 1) % workers }
            let count = context.handover.count(of: worker)
            if count < least.count { least = (worker, count) }
            worker = (worker + 1) % workers
        }
        return least
    }

    // MARK: The other side

    /// Serves the clients that others have handed over.
    @inline(never)
    func takeHandedOver() {
        for _ in 0..<Inbox.capacity {
            guard let client = inbox.take() else { return }
            admit(client.descriptor, service: Int(client.service))
        }
    }
}
