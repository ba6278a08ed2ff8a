import CBench
import Foundation

/// All workloads and trials in turn; each prints its table when it is finished.
struct Comparison {
    let harness: Harness
    let programs: ProgramOptions
    let isQuick: Bool
    let changes: Int?

    func run(_ possible: Possible, into report: inout BenchReport) throws {
        let runs = possible.workloads.count * harness.rounds * harness.peers.count
        let progress = Progress(runs: runs)
        show(Table(report: report).head)
        for workload in possible.workloads {
            progress.start("\(workload.name): \(harness.peers.count) peers, \(harness.rounds) rounds")
            report.add(workload, try harness.run(workload, progress: progress.run))
            progress.clear()
            show(Table(report: report).section(workload))
        }
        for trial in possible.trials {
            progress.start(trial.rawValue)
            do {
                try run(trial, progress, into: &report)
            } catch {
                guard bench_interrupted() == 0 else { throw error }
                report.failures.append(Failure(workload: trial.rawValue, peer: nil, round: nil, why: "\(error)"))
                show(["", "\(trial.rawValue): FAILED: \(error)"])
            }
            progress.clear()
            guard let section = TrialTables(report: report)[trial] else { continue }
            show(["", section.title] + Table.aligned(section.rows))
        }
    }

    private func run(_ trial: Selection.Trial, _ progress: Progress, into report: inout BenchReport) throws {
        let fanout = harness.peers.lazy.compactMap { $0 as? Fanout }.first
        switch trial {
        case .memory:
            report.baseMemory = try harness.peers.compactMap { try BaseMemory($0, harness: harness) }
        case .pick:
            guard let program = programs.pickBench else { return }
            let milliseconds = isQuick ? 20 : 200
            report.picks = try Pick.all(program, milliseconds: milliseconds, log: "\(harness.folder)/pick.log")
        case .discovery:
            guard let fanout, let nomadDouble = programs.nomadDouble else { return }
            let changes = self.changes ?? (isQuick ? 30 : 300)
            let trial = DiscoveryTrial(harness: harness, fanout: fanout, nomadDouble: nomadDouble, changes: changes)
            report.discovery = try trial.run(progress: progress.note)
        case .connections:
            guard let fanout else { return }
            let trial = ConnectionsTrial(harness: harness, fanout: fanout, connections: isQuick ? 10_000 : 100_000)
            report.connections = try trial.run(progress: progress.note)
        }
    }

    private func show(_ lines: [String]) {
        // At once, whatever standard output is.
        FileHandle.standardOutput.write(Data((lines.joined(separator: "\n") + "\n").utf8))
    }
}
