/// Several workers that share what the border of the data plane lists, and services on unix sockets: turns come in every
/// order, and a worker that is not woken holds what it has.
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
        let run = Run(scenario, choices, isLoud: isLoud)
        report.add(run)
        if draft.isLarge { report.coverage.note(.dataLarge) }
        if let violation = run.violation {
            report.failure = Failure(message: violation, replay: "scripts/fanout simulate --replay-fleet \(seed)")
        }
    }
}
