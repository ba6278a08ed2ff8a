/// "Fail the n-th operation, for every n": a session that uses all that there is, and each of its operations and calls
/// failing in turn, in each way.
public enum FaultPoints {
    public static func run(_ seeds: Range<UInt64>) -> Report {
        var report = Report()
        for seed in seeds {
            let points = once(seed, FaultPoint(number: .max, variant: 0), into: &report)
            for number in 0..<points where report.failure == nil {
                for variant in 0..<FaultPoint.variants where report.failure == nil {
                    _ = once(seed, FaultPoint(number: number, variant: variant), into: &report)
                }
            }
        }
        return report
    }

    /// Returns how many points there were.
    @discardableResult
    static func once(_ seed: UInt64, _ point: FaultPoint, into report: inout Report, isLoud: Bool = false) -> Int {
        let choices = Choices(seed: seed)
        choices.allowsFaults = false
        var scenario = script()
        scenario.failing = point
        let run = Run(scenario, choices, isLoud: isLoud)
        report.add(run)
        if let violation = run.violation {
            report.failure = Failure(
                message: violation,
                replay: "scripts/fanout simulate --fault \(seed)/\(point.number)/\(point.variant)"
            )
        }
        return run.failurePoints
    }

    public static func replay(_ seed: UInt64, number: Int, variant: Int) -> Report {
        var report = Report()
        once(seed, FaultPoint(number: number, variant: variant), into: &report, isLoud: true)
        return report
    }

    /// Two clients, one of which sends and receives so much that it is spliced, and one that needs a second endpoint.
    private static func script() -> Scenario {
        var scenario = Scenario()
        scenario.services = [[1, 2]]
        scenario.common = (2, 2)
        scenario.reserve = (1, 2)
        scenario.pipes = 1
        scenario.endpoints = [
            1: Network.Endpoint(behaviour: .accepts) { Peer([.send(20), .awaitBytes(20), .send(3), .fin], window: 6) },
            2: Network.Endpoint(behaviour: .refuses) { Peer([]) },
        ]
        scenario.steps = [
            .client(service: 0, Peer([.send(24), .fin], window: 6)),
            .client(service: 0, Peer([.send(2), .awaitBytes(4), .send(20), .fin])),
        ]
        return scenario
    }
}
