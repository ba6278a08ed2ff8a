import Reactor

/// What must be true once all workers have ended: every connection has the end that its peers have earned, every count is
/// exact, and everything is home.
struct Audit {
    let world: World
    let endpoints: EndpointStatistics

    private var network: Network { world.network }

    func check() {
        var records: [AccessRecord] = []
        var seen = Set<UInt64>()
        for (worker, served) in zip(world.workers, network.served) {
            var own: [AccessRecord] = []
            worker.context.records.drain { if !$0.isOpen { own.append($0) } }
            checkHome(worker)
            for record in own where network.violation == nil {
                // Numbers count in each worker, and are the process's own (the worker's is in the upper bits).
                let number = Int(record.connection & 0xffff_ffff) - 1
                guard number < served.count, seen.insert(record.connection).inserted else {
                    network.fail("connection \(record.connection) has two records, or was never accepted")
                    return
                }
                check(record, served[number])
            }
            if network.violation == nil && own.count != served.count {
                network.fail("\(served.count) clients were served, \(own.count) have a record")
            }
            checkHandovers(worker, served.count)
            records += own
        }
        checkShared()
        if network.violation == nil { checkCounts(records) }
    }

    // MARK: Everything is home

    private func checkHome(_ worker: Worker<SimulatedDriver>) {
        let driver = world.drivers[worker.context.index]
        expect("pending operations", driver.pending.count, 0)
        expect("sessions", worker.sessions.used, 0)
        expect("lists of tried endpoints", worker.tried.used, 0)
        expect("spares", worker.spares, 0)
        expect("pipes", worker.pipes.inUse, 0)
        expect("deadlines", worker.deadlines.count, worker.keepalive.isDue ? 1 : 0)
        expect("starved flows", worker.starved.count, 0)
        expect("waiting sessions", worker.waitingSessions, 0)
        let index = worker.context.index
        let count = network.handovers.table.count(of: index)
        expect("clients that count on the worker", count, world.scenario.weights[index])
        expect("free buffers", driver.common.visiblyFree + (worker.hasShared ? 1 : 0), driver.common.count)
        expect("free buffers in reserve", driver.reserve.visiblyFree, driver.reserve.count)
    }

    /// Each client that was accepted was served here or given away, and each that was given was taken.
    private func checkHandovers(_ worker: Worker<SimulatedDriver>, _ served: Int) {
        let index = worker.context.index
        let handovers = network.handovers!
        expect("clients left in the inbox", handovers.underWay[index].count, 0)
        if !worker.inbox.isFinished { network.fail("the inbox of worker \(index) is not at its end") }
        expect("handed over", Int(worker.statistics[.handedOver]), handovers.given[index])
        expect("served", served, handovers.accepted[index] - handovers.given[index] + handovers.taken[index])
        let counted = worker.services.total(.accepted) + worker.services.total(.rejected)
        expect("accepted and rejected by worker \(index)", Int(counted), served)
    }

    private func checkShared() {
        let context = world.workers[0].context
        expect("admitted connections", context.admission.count, 0)
        let open = network.openDescriptorNames.filter { !$0.hasSuffix("spare") }
        if !open.isEmpty { network.fail("still open: \(open.joined(separator: ", "))") }
        for slot in 0..<64 as Range<UInt32> {
            expect("load of slot \(slot)", Int(context.loads.load(of: slot)), 0)
        }
    }

    private func checkCounts(_ records: [AccessRecord]) {
        let rejected = records.count { $0.reason == .limit }
        expect("accepted", total(.accepted), records.count - rejected)
        expect("rejected", total(.rejected), rejected)
        expect("txBytes", total(.txBytes), Int(records.reduce(0) { $0 + $1.txBytes }))
        expect("rxBytes", total(.rxBytes), Int(records.reduce(0) { $0 + $1.rxBytes }))
        expect("attempts", Int(records.reduce(0) { $0 + UInt64($1.attempts) }), network.connects)
        expect("active", total(.active), 0)
        expect("waiting", total(.waiting), 0)
        let relayed = records.count { $0.connectMicroseconds != Session.unknownMicroseconds }
        expect("connect times", times(.connect), relayed)
        expect("closed sessions with a time", times(.duration), records.count - rejected)
        checkEndpoints(relayed, records)
        expect("pending operations in the statistics", own(.pendingOperations), 0)
        expect("pipes in the statistics", own(.pipes), 0)
        if total(.connectFailures) > network.failedConnects {
            network.fail("\(total(.connectFailures)) failed connects are counted of \(network.failedConnects)")
        }
        for reason in CloseReason.allCases {
            let closed = world.workers.reduce(0) { $0 + Int($1.services.closed(reason)) }
            expect("closed for \(reason)", closed, records.count { $0.reason == reason })
        }
    }

    private func total(_ counter: ServiceStatistics.Counter) -> Int {
        world.workers.reduce(0) { $0 + Int($1.services.total(counter)) }
    }

    private func own(_ counter: WorkerStatistics.Counter) -> Int {
        world.workers.reduce(0) { $0 + Int($1.statistics[counter]) }
    }

    private func times(_ time: ServiceStatistics.Time) -> Int {
        world.workers.reduce(0) { sum, worker in
            (0..<worker.services.count).reduce(sum) { $0 + Int(worker.services[$1].times(time).count) }
        }
    }

    /// What is counted on endpoints is what is counted on connections, whatever slots have changed hands.
    private func checkEndpoints(_ relayed: Int, _ records: [AccessRecord]) {
        var sum = EndpointCounts()
        for slot in 0..<64 as Range<UInt32> { sum.add(endpoints.counts(of: slot)) }
        expect("connections of endpoints", Int(sum.connections), relayed)
        expect("txBytes of endpoints", Int(sum.txBytes), Int(records.reduce(0) { $0 + $1.txBytes }))
        expect("rxBytes of endpoints", Int(sum.rxBytes), Int(records.reduce(0) { $0 + $1.rxBytes }))
        expect("failures of endpoints", Int(sum.failures.reduce(0, +)), total(.connectFailures))
    }

    private func expect(_ what: String, _ value: Int, _ expected: Int) {
        if value != expected { network.fail("\(what): \(value) where there must be \(expected)") }
    }

    // MARK: One connection

    private func check(_ record: AccessRecord, _ client: Connection) {
        let upstream = client.partner.flatMap { $0.wasRelayed ? $0 : nil }
        switch record.reason {
        case .clientFin, .upstreamFin:
            guard let upstream else { return fail(record, client, "without an upstream") }
            checkComplete(record, from: client, to: upstream, isFirst: record.reason == .clientFin)
            checkComplete(record, from: upstream, to: client, isFirst: record.reason == .upstreamFin)
            checkKeptAlive(record, client, upstream)
            checkCounts(record, client, upstream)
        case .clientReset:
            guard let upstream else { return fail(record, client, "without an upstream") }
            checkReset(record, from: client, to: upstream)
        case .upstreamReset:
            guard let upstream else { return fail(record, client, "without an upstream") }
            checkReset(record, from: upstream, to: client)
        case .connectFailed:
            if record.attempts == 0 { fail(record, client, "without an attempt") }
            checkTurnedAway(record, client)
        case .noEndpoint:
            if record.attempts > 0 { fail(record, client, "after an attempt") }
            checkTurnedAway(record, client)
        case .clientGone:
            if !client.isSeenGone && !(client.peer.hasFinished && client.peer.sent == 0) {
                fail(record, client, "although it had not gone")
            }
        case .limit:
            network.mark(.limitReached)
            if client.wasHandedOver { network.mark(.handedOverInVain) }
            checkTurnedAway(record, client)
        case .idle:
            if world.scenario.idleTimeout == 0 { fail(record, client, "without an idle timeout") }
        case .removed, .rebalanced:
            let isAllowed = record.reason == .removed ? world.scenario.onRemove != .keep : world.scenario.rebalances
            guard isAllowed, let upstream else {
                return fail(record, client, "though nothing was to be ended, or nothing was there")
            }
            checkEnded(record, from: client, to: upstream)
            checkEnded(record, from: upstream, to: client)
        case .drained:
            if !world.wasReset { fail(record, client, "without such an order") }
        }
    }

    /// What has been relayed for half of the time after which silence is probed can be probed.
    private func checkKeptAlive(_ record: AccessRecord, _ client: Connection, _ upstream: Connection) {
        let seconds = world.scenario.keepaliveSeconds
        let end = record.at.nanoseconds
        // A worker may be held back for a while; and a session may begin while a walk is under way.
        let walk = world.scenario.keepalivePause * UInt64(world.scenario.maxConnections)
        let isOverdue = seconds > 0 && end > upstream.relayedAt + UInt64(seconds) * 500_000_000 + walk + 1_000_000_000
        for connection in [client, upstream] {
            if isOverdue && !connection.isKeptAlive && !connection.isUnix {
                fail(record, connection, "which was not kept alive")
            }
        }
    }

    /// A stream that has ended has brought every byte and then its FIN.
    private func checkComplete(_ record: AccessRecord, from source: Connection, to target: Connection, isFirst: Bool) {
        guard !target.isHarmed else { return }
        if !source.peer.hasFinished { fail(record, source, "without its FIN") }
        if target.peer.received != source.peer.sent {
            fail(record, target, "with \(target.peer.received) of \(source.peer.sent) bytes")
        }
        if target.end != .fin { fail(record, target, "with \(target.end) in place of a FIN") }
        if isFirst && !target.wasShutDown { fail(record, target, "though the other stream ended first") }
    }

    /// The source was reset: the target has what came before, and then a reset.
    private func checkReset(_ record: AccessRecord, from source: Connection, to target: Connection) {
        if !source.isSeenGone { fail(record, source, "which it was not") }
        guard !target.isHarmed else { return }
        // Where both streams had ended there is nothing left to reset.
        if !target.wasReset && !(target.hasFin && target.end == .fin) {
            fail(record, target, "was told \(target.end) in place of a reset")
        }
        // Five seconds without progress are the limit: the target took nothing, or there was no buffer.
        let isOverdue = target.resetAt >= source.diedAt + 5_000_000_000 && own(.bufferStarved) > 0
        if target.longestStall >= 5_000_000_000 || isOverdue {
            network.mark(.flushGivenUp)
        } else if !source.hasLostBytes && target.peer.received != source.peer.sent {
            fail(record, target, "with \(target.peer.received) of the \(source.peer.sent) bytes before the reset")
        }
    }

    /// Ended by the worker: in order only where nothing is missing, or who has sent more was told by a reset.
    private func checkEnded(_ record: AccessRecord, from source: Connection, to target: Connection) {
        guard !target.isHarmed, !target.wasReset else { return }
        if target.end != .fin { fail(record, target, "was told \(target.end)") }
        if source.wasDeadAtClose { fail(record, target, "was told a FIN, though the other side had been reset") }
        if !source.wasReset && !source.hasLostBytes && target.peer.received != source.peer.sent {
            fail(record, target, "with \(target.peer.received) of \(source.peer.sent) bytes, and no reset")
        }
    }

    /// Nothing was done for the client but to tell it so.
    private func checkTurnedAway(_ record: AccessRecord, _ client: Connection) {
        guard !client.isHarmed else { return }
        if !client.wasReset { fail(record, client, "was told \(client.end) in place of a reset") }
        if client.peer.received > 0 { fail(record, client, "with \(client.peer.received) bytes") }
    }

    private func checkCounts(_ record: AccessRecord, _ client: Connection, _ upstream: Connection) {
        expect("tx_bytes of \(client.title)", Int(record.txBytes), upstream.accepted)
        expect("rx_bytes of \(client.title)", Int(record.rxBytes), client.accepted)
    }

    private func fail(_ record: AccessRecord, _ connection: Connection, _ why: String) {
        network.fail("closed as \(record.reason.text): \(connection.title) \(why)")
    }
}
