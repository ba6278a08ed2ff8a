/// Every schedule of a short session: each order of what can happen, and each result that is legal.
public struct Walk: Sendable {
    public let name: String
    let faults: Set<Mark>
    let budget: Int
    let scenario: @Sendable () -> Scenario

    /// - Parameter limit: schedules that there are at most; more of them are a failure.
    public func run(limit: Int = 100_000) -> Report {
        var report = Report()
        let choices = Choices(walking: faults, budget: budget)
        repeat {
            let run = Run(scenario(), choices)
            report.add(run)
            if let violation = run.violation {
                report.failure = failure(violation, choices)
                return report
            }
            if report.runs == limit {
                report.failure = failure("more than \(limit) schedules", choices)
                return report
            }
        } while choices.advance()
        return report
    }

    private func failure(_ message: String, _ choices: Choices) -> Failure {
        let schedule = choices.schedule.map { String($0, radix: 36) }.joined()
        return Failure(message: message, replay: "scripts/fanout simulate --walk '\(name)' --schedule \(schedule)")
    }

    /// One schedule once more, with every step printed.
    public func replay(_ schedule: String) -> Report {
        var report = Report()
        let path = schedule.compactMap { $0.hexDigitValue.map(UInt8.init) ?? UInt8(String($0), radix: 36) }
        let choices = Choices(walking: faults, budget: budget, path: path)
        let run = Run(scenario(), choices, isLoud: true)
        report.add(run)
        if let violation = run.violation { report.failure = failure(violation, choices) }
        return report
    }
}
