/// A long queue of clients when a drain begins: all of them are served or told, whatever goes wrong with some.
public enum Queues {
    public static func run(_ seeds: Range<UInt64>) -> Report {
        var report = Report()
        for seed in seeds where report.failure == nil {
            let choices = Choices(seed: seed)
            var scenario = Scenario()
            scenario.endpoints = [1: Network.Endpoint(behaviour: .accepts) { Peer([.fin]) }]
            scenario.steps = [.crowd(service: 0, worker: 0, 300), .drain]
            let run = Run(scenario, choices)
            report.add(run)
            if let violation = run.violation {
                report.failure = Failure(message: violation, replay: "Queues.run(\(seed)..<\(seed + 1))")
            }
        }
        return report
    }
}
