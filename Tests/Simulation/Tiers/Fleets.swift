/// Several workers that share what the border of the data plane lists, and services on unix sockets: turns come in every
/// order and within one another, a worker that is not woken holds what it has, and clients are handed over.
public enum Fleets {
    public static func run(_ seeds: Range<UInt64>) -> Report {
        var report = Report()
        for seed in seeds where report.failure == nil { run(seed, into: &report) }
        return report
    }

    public static func run(_ seed: UInt64, into report: inout Report, isLoud: Bool = false) {
        let choices = Choices(seed: seed)
        var draft = Draft(choices: choices)
        var scenario = draft.scenario()
        // Now and then one alone, for unix clients.
        scenario.workers = 1 + choices.pick(4) % 3
        for service in scenario.services.indices where choices.pick(2) == 0 { scenario.unixServices.insert(service) }
        burden(&scenario, choices)
        let run = Run(scenario, choices, isLoud: isLoud)
        report.add(run)
        if draft.isLarge { report.coverage.note(.dataLarge) }
        if let violation = run.violation {
            report.failure = Failure(message: violation, replay: "scripts/fanout simulate --replay-fleet \(seed)")
        }
    }

    /// Workers that differ: in what they have to do already, and in how the machine lets them run.
    private static func burden(_ scenario: inout Scenario, _ choices: Choices) {
        scenario.weights = Array(repeating: 0, count: scenario.workers)
        guard scenario.workers > 1 else { return }
        for worker in scenario.weights.indices where choices.pick(2) == 0 {
            scenario.weights[worker] = choices.pick(40)
        }
        let slow = choices.pick(scenario.workers)
        if choices.pick(2) == 0 {
            let place = choices.pick(scenario.steps.count + 1)
            scenario.steps.insert(.pause(worker: slow, turns: 1 + choices.pick(60)), at: place)
        }
        for (index, step) in scenario.steps.enumerated() where choices.pick(2) == 0 {
            if case .drain = step { scenario.steps[index] = .duringTurn(step) }
        }
        if choices.pick(3) == 0 {
            let service = choices.pick(scenario.services.count)
            let place = choices.pick(scenario.steps.count + 1)
            scenario.steps.insert(.duringTurn(.drain), at: place)
            scenario.steps.insert(.crowd(service: service, worker: slow, 3 + choices.pick(6)), at: place)
        }
        if choices.pick(60) == 0 { crowd(&scenario, slow, choices) }
    }

    /// As many clients at once as an inbox holds, all for a worker that does not look; more of them come while it takes the
    /// first, and then a drain. Without faults, which would let the clients go one by one.
    private static func crowd(_ scenario: inout Scenario, _ slow: Int, _ choices: Choices) {
        choices.allowsFaults = false
        scenario.weights = scenario.weights.indices.map { $0 == slow ? 0 : 4 * Inbox.capacity }
        scenario.descriptorLimit = 1 << 16
        let service = choices.pick(scenario.services.count)
        scenario.unixServices.remove(service)
        let other = (slow + 1) % scenario.workers
        scenario.steps = [
            .pause(worker: slow, turns: 2 * Inbox.capacity),
            .crowd(service: service, worker: other, Inbox.capacity + 1 + choices.pick(40)),
            .duringTurn(.crowd(service: service, worker: other, 20)),
            .duringTurn(.crowd(service: service, worker: other, 20)),
            .duringTurn(.drain),
        ]
    }
}
