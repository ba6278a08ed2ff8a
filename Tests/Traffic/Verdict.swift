import Glibc

/// Brings both sides' views of a run together and names the faults.
struct Verdict {
    /// Seconds without a new connection after which no empty connection is expected any more.
    private static let quietSeconds = 1.0

    let options: VerifyingClient.Options
    let run: UInt32
    let servers: [VerifyingServer]

    func report(on views: [ClientView]) -> Report {
        var report = Report()
        report.seed = options.seed
        var pending: [ClientView] = []
        for view in views {
            report.connections += 1
            report.endings[view.plan.ending, default: 0] += 1
            report.bytesDown += view.outcome.received
            if view.plan.ending.isEmpty {
                if let fault = clientFault(view) { report.add(fault) }
            } else {
                pending.append(view)
            }
        }
        collect(pending, into: &report)
        addStrangers(to: &report)
        return report
    }

    private func clientFault(_ view: ClientView) -> Fault? {
        let role = Role(view.plan, side: .client)
        var kind = view.plan.ending.isEmpty ? nil : role.fault(in: view.outcome)
        if !view.connected, case .failed = view.outcome.end { kind = .connectFailed }
        if case .stalled = view.outcome.end { kind = .stalled }
        return kind.map { fault($0, .client, view.plan, role, view.outcome) }
    }

    /// Waits for the servers' views of the identified connections and judges each connection once.
    private func collect(_ views: [ClientView], into report: inout Report) {
        let deadline = MonotonicTime.after(seconds: options.stallLimit + 1)
        // Without the client's success the header may never have arrived: not much to wait for.
        let shortDeadline = MonotonicTime.after(seconds: Self.quietSeconds)
        for view in views {
            let clientFault = clientFault(view)
            let server = serverView(of: view.plan.id, until: clientFault == nil ? deadline : shortDeadline)
            report.bytesUp += server?.outcome.received ?? 0
            judge(view, clientFault, server, into: &report)
        }
    }

    private func judge(
        _ view: ClientView,
        _ clientFault: Fault?,
        _ server: (role: Role, outcome: Outcome)?,
        into report: inout Report
    ) {
        if let clientFault { report.add(clientFault) }
        guard let server else {
            if clientFault == nil {
                let role = Role(view.plan, side: .server)
                var silence = Outcome()
                silence.end = .stalled
                report.add(fault(.stalled, .server, view.plan, role, silence))
            }
            return
        }
        guard let kind = server.role.fault(in: server.outcome), kind != clientFault?.kind else { return }
        // A side that gave up reset the connection itself: what the other saw then is no news.
        if case .stalled = view.outcome.end { return }
        if case .stalled = server.outcome.end, clientFault != nil { return }
        report.add(fault(kind, .server, view.plan, server.role, server.outcome))
    }

    private func serverView(of id: UInt64, until deadline: UInt64) -> (role: Role, outcome: Outcome)? {
        while true {
            for server in servers {
                if let view = server.takeOutcome(id) { return view }
            }
            if MonotonicTime.now >= deadline { return nil }
            usleep(1_000)
        }
    }

    private func addStrangers(to report: inout Report) {
        let closed = report.endings[.closeAtOnce] ?? 0
        let reset = report.endings[.resetAtOnce] ?? 0
        var strangers = VerifyingServer.Strangers()
        func take() {
            for server in servers {
                let more = server.takeStrangers()
                strangers.emptyEnds += more.emptyEnds
                strangers.emptyResets += more.emptyResets
                strangers.broken += more.broken
                strangers.stalled += more.stalled
            }
        }
        var accepted = -1
        var quietUntil: UInt64 = 0
        _ = MonotonicTime.wait(seconds: options.stallLimit) {
            take()
            let now = MonotonicTime.now
            let count = servers.reduce(0) { $0 + $1.acceptedCount }
            if count != accepted || servers.contains(where: { $0.openCount > 0 }) {
                accepted = count
                quietUntil = now + UInt64(Self.quietSeconds * 1e9)
            }
            return strangers.emptyEnds + strangers.emptyResets >= closed + reset || now >= quietUntil
        }
        take()
        report.emptyEnds = strangers.emptyEnds
        report.emptyResets = strangers.emptyResets
        // A proxy may add empty connections (a second dial) or leave them out; only an exchange of one kind of end for
        // the other is a fault.
        let turnedClean = min(max(0, strangers.emptyEnds - closed), max(0, reset - strangers.emptyResets))
        let turnedReset = min(max(0, strangers.emptyResets - reset), max(0, closed - strangers.emptyEnds))
        let counts: [(Fault.Kind, Int)] = [
            (.resetTurnedClean, turnedClean), (.cleanTurnedReset, turnedReset),
            (.truncated, strangers.broken), (.stalled, strangers.stalled),
        ]
        for (kind, count) in counts {
            let detail = "no whole header arrived"
            for _ in 0..<count {
                report.add(Fault(kind: kind, observer: .server, ending: nil, connection: -1, detail: detail))
            }
        }
    }

    private func fault(
        _ kind: Fault.Kind,
        _ observer: Fault.Observer,
        _ plan: Plan,
        _ role: Role,
        _ outcome: Outcome
    ) -> Fault {
        var detail = "received \(outcome.received) of \(role.receiveTotal), sent \(outcome.sent) of \(role.sendTotal)"
        if let offset = outcome.mismatch { detail += ", first wrong byte at \(offset)" }
        if case .failed(let code) = outcome.end { detail += ", errno \(code)" }
        if let code = outcome.sendError { detail += ", send errno \(code)" }
        return Fault(
            kind: kind,
            observer: observer,
            ending: plan.ending,
            connection: Int(plan.id & 0xFFFF_FFFF),
            detail: detail
        )
    }
}
