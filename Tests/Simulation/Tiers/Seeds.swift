/// Whole workers with several sessions, drains, changes and shortages: each run follows from one number.
public enum Seeds {
    public static func run(_ seeds: Range<UInt64>) -> Report {
        var report = Report()
        for seed in seeds {
            run(seed, into: &report)
            if report.failure != nil { break }
        }
        return report
    }

    public static func run(_ seed: UInt64, into report: inout Report, isLoud: Bool = false) {
        let choices = Choices(seed: seed)
        var draft = Draft(choices: choices)
        let run = Run(draft.scenario(), choices, isLoud: isLoud)
        report.add(run)
        if draft.isLarge { report.coverage.note(.dataLarge) }
        if let violation = run.violation {
            report.failure = Failure(message: violation, replay: "scripts/fanout simulate --replay \(seed)")
        }
    }
}

/// Draws a scenario.
struct Draft {
    let choices: Choices
    private(set) var isLarge = false
    private var window = 0
    private var isBulky = false
    /// Many peers leave their streams open: sessions that the worker may end itself.
    private var isPatient = false

    init(choices: Choices) { self.choices = choices }

    private func pick(_ range: ClosedRange<Int>) -> Int { range.lowerBound + choices.pick(range.count) }
    private func once(in count: Int) -> Bool { choices.pick(count) == 0 }

    mutating func scenario() -> Scenario {
        isLarge = once(in: 24)
        var scenario = Scenario()
        scenario.services = (0..<pick(1...2)).map { service in (0..<pick(0...3)).map { UInt16(service * 8 + $0 + 1) } }
        scenario.balance = once(in: 2) ? .roundRobin : .leastConnections
        if once(in: 2) { scenario.hedge = .after(UInt64(pick(1...1_500)) * 1_000_000) }
        if once(in: 6) { scenario.endpointCap = UInt32(pick(1...2)) }
        scenario.looksAtHealth = once(in: 2)
        scenario.watchesAfter = UInt8(pick(1...4))
        scenario.maxConnections = pick(1...6)
        scenario.pipes = pick(0...2)
        scenario.pipeCapacity = isLarge ? 1 << 20 : pick(1...32)
        scenario.common = isLarge ? (pick(1...4), 16 << 10) : (pick(1...6), pick(1...16))
        scenario.reserve = isLarge ? (pick(1...2), 8 << 10) : (pick(1...3), pick(1...8))
        if !isLarge, once(in: 8) {
            // Streams that fill their buffers: most of them come to be spliced.
            isBulky = true
            scenario.pipes = 2
            scenario.common = (pick(2...4), pick(1...3))
        }
        if once(in: 4) { scenario.descriptorLimit = pick(5...16) }
        if once(in: 4) { scenario.idleTimeout = 3_000_000_000 }
        if once(in: 4) { scenario.accessLogInterval = 700_000_000 }
        if once(in: 2) { scenario.keepaliveSeconds = Int32(pick(1...4)) }
        if once(in: 3) {
            scenario.onRemove = [.drainWhenIdle, .closeAfter(UInt64(pick(0...3)) * 1_000_000_000), .reset][pick(0...2)]
        }
        scenario.rebalances = once(in: 3)
        isPatient = scenario.rebalances || scenario.onRemove != .keep
        for service in 0..<scenario.services.count {
            for offset in 0..<4 { scenario.endpoints[UInt16(service * 8 + offset + 1)] = endpoint() }
        }
        let clients = scenario.looksAtHealth ? pick(3...12) : pick(1...6)
        for _ in 0..<clients {
            scenario.steps.append(.client(service: choices.pick(scenario.services.count), peer(isClient: true)))
        }
        for _ in 0..<pick(0...4) { insert(change(of: scenario), into: &scenario.steps) }
        if scenario.looksAtHealth {
            // One that fails, and is well again later.
            scenario.endpoints[1]?.behaviour = .refuses
            insert(.behaviour(port: 1, .accepts), into: &scenario.steps)
        }
        if scenario.rebalances { insert(.rebalance(UInt32(pick(1...3))), into: &scenario.steps) }
        if once(in: 3) { insert(.drain, into: &scenario.steps) }
        if once(in: 6) { insert(.reset, into: &scenario.steps) }
        return scenario
    }

    private func insert(_ step: Scenario.Step, into steps: inout [Scenario.Step]) {
        steps.insert(step, at: pick(0...steps.count))
    }

    private func change(of scenario: Scenario) -> Scenario.Step {
        let service = choices.pick(scenario.services.count)
        let port = UInt16(service * 8 + pick(1...4))
        switch choices.pick(4) {
        case 0: return .endpoints(service: service, [])
        case 1: return .behaviour(port: port, behaviour())
        case 2: return .descriptorLimit(pick(4...20))
        case _: return .endpoints(service: service, (0..<pick(1...4)).map { UInt16(service * 8 + $0 + 1) })
        }
    }

    private func behaviour() -> Network.Behaviour {
        switch choices.pick(12) {
        case 0: .refuses
        case 1: .unreachable
        case 2: .timesOut
        case 3: .silent
        case 4: .connectsToItself
        case _: .accepts
        }
    }

    private func endpoint() -> Network.Endpoint {
        let draft = self
        return Network.Endpoint(behaviour: behaviour()) { draft.peer(isClient: false) }
    }

    // MARK: Peers

    private func peer(isClient: Bool) -> Peer {
        var script: [Peer.Action] = []
        for _ in 0..<pick(0...4) { script.append(action()) }
        switch isPatient && once(in: 2) ? 15 : choices.pick(16) {
        case 0...7: script.append(.fin)
        case 8: script.append(.awaitEnd)
        case 9...11: script.append(.reset)
        case 12, 13: script.append(.close)
        case 14: script.append(.vanish)
        case _: script.append(.silence)
        }
        // A third of the send queue takes a buffer of the reserve: what it is sized for.
        var peer = Peer(script, window: isLarge ? room() : pick(24...60), receiveWindow: room())
        peer.readsAtOnce = once(in: 3)
        return peer
    }

    private func room() -> Int { isLarge ? pick(1...8) * 32 << 10 : pick(1...40) }

    private func action() -> Peer.Action {
        switch choices.pick(16) {
        case 0: .sleep(UInt64(pick(1...4_000)) * 1_000_000)
        case 1: .stopReading
        case 2: .startReading
        case 3: .urgent
        case 4: .awaitBytes(pick(1...8))
        case _: .send(isLarge ? pick(1...300) << 10 : isBulky ? pick(40...240) : pick(1...60))
        }
    }
}
