import Glibc
import Simulation

/// The command behind `scripts/fanout simulate`.
@main
struct SimulateCommand {
    static func main() {
        CrashNote.install()
        var arguments = Array(CommandLine.arguments.dropFirst())
        func value(_ name: String) -> String? {
            guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
            defer { arguments.removeSubrange(index...index + 1) }
            return arguments[index + 1]
        }
        let seconds = value("--seconds").flatMap(Double.init)
        let first = value("--seed").flatMap(UInt64.init) ?? 1
        let replay = value("--replay").flatMap(UInt64.init)
        let fleet = value("--replay-fleet").flatMap(UInt64.init)
        let (walk, schedule) = (value("--walk"), value("--schedule"))
        let fault = value("--fault")?.split(separator: "/").compactMap { UInt64($0) }
        let isCheck = arguments.first == "check"
        if isCheck { arguments.removeFirst() }
        guard arguments.isEmpty else {
            print(
                "usage: simulate check | --seconds N [--seed S] | --replay SEED | --replay-fleet SEED | --walk NAME --schedule S | --fault S/N/V"
            )
            exit(64)
        }
        let report =
            if let replay {
                replayed(replay, Seeds.run)
            } else if let fleet {
                replayed(fleet, Fleets.run)
            } else if let walk {
                walked(walk, schedule)
            } else if let fault, fault.count == 3 {
                FaultPoints.replay(fault[0], number: Int(fault[1]), variant: Int(fault[2]))
            } else if isCheck {
                everything()
            } else {
                openEnded(seconds: seconds ?? 10, from: first)
            }
        if let failure = report.failure {
            print("FAILED: \(failure)")
            exit(1)
        }
    }

    private static func replayed(_ seed: UInt64, _ run: (UInt64, inout Report, Bool) -> Void) -> Report {
        var report = Report()
        run(seed, &report, true)
        return report
    }

    private static func walked(_ name: String, _ schedule: String?) -> Report {
        guard let walk = Walk.all.first(where: { $0.name == name }) else {
            print("no walk '\(name)'; there are: \(Walk.all.map(\.name).joined(separator: "; "))")
            exit(64)
        }
        if let schedule { return walk.replay(schedule) }
        return timed(walk.name) { walk.run() }
    }

    /// What the tests run; the quickest first.
    private static func everything() -> Report {
        var report = Report()
        report.add(timed("seeds") { Seeds.run(1..<2_001) })
        if report.failure == nil { report.add(timed("fleets") { Fleets.run(1..<2_001) }) }
        if report.failure == nil { report.add(timed("queues") { Queues.run(1..<60) }) }
        if report.failure == nil { report.add(timed("slow readers") { SlowReaders.run(1..<101) }) }
        if report.failure == nil { report.add(timed("late resets") { LateResets.run(1..<1_001) }) }
        if report.failure == nil { report.add(timed("keepalive walks") { KeepaliveWalks.run(1..<201) }) }
        if report.failure == nil { report.add(timed("fault points") { FaultPoints.run(1..<5) }) }
        for walk in Walk.all where report.failure == nil { report.add(timed(walk.name) { walk.run() }) }
        return report
    }

    private static func openEnded(seconds: Double, from first: UInt64) -> Report {
        var report = Report()
        let start = now()
        var (seed, nextWord) = (first, 10.0)
        while now() - start < seconds && report.failure == nil {
            Seeds.run(seed, into: &report)
            if report.failure == nil { Fleets.run(seed, into: &report) }
            seed += 1
            if now() - start > nextWord {
                print("\(report.runs) runs, \(Int(Double(report.runs) / (now() - start))) a second")
                nextWord += 10
            }
        }
        let elapsed = now() - start
        let virtual = Double(report.duration) / 1e9
        print(
            "\(report.runs) runs, alone and as fleets, from seed \(first) in \(tenths(elapsed)) s: \(Int(Double(report.runs) / elapsed)) a second"
        )
        print("virtual time \(Int(virtual)) s: \(Int(virtual / elapsed)) times as fast as real time")
        for mark in Mark.allCases { print("  \(mark): \(report.coverage[mark])") }
        return report
    }

    private static func timed(_ name: String, _ body: () -> Report) -> Report {
        let start = now()
        let report = body()
        print("\(name): \(report.runs) runs in \(tenths(now() - start)) s\(report.failure == nil ? "" : " FAILED")")
        fflush(nil)
        return report
    }

    private static func tenths(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }

    private static func now() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
