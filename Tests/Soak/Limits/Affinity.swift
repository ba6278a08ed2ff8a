import Foundation

/// On which processor processes run: a latency else depends on where the scheduler happens to put them.
enum Affinity {
    /// Binds all threads of a process (taskset(1)); false where that cannot be.
    static func bind(_ pid: Int32, to processor: Int) throws -> Bool {
        let taskset = try ChildProcess(
            "/usr/bin/env",
            ["taskset", "-a", "-c", "-p", "\(processor)", "\(pid)"],
            output: { _ in }
        )
        return taskset.waitForEnd(within: 10) && taskset.status == 0
    }
}
