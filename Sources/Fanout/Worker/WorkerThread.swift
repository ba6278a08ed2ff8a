import CURing
import Reactor

/// Runs one worker on a thread of its own, from making its ring to its last session.
struct WorkerThread: ~Copyable {
    private let thread: Thread

    /// What the supervisor is told: what the ring can do, or why it cannot be made. Said once for each worker.
    typealias Started = @Sendable (_ worker: Int, Result<KernelFeatures, SystemError>) -> Void

    /// - Parameters:
    ///   - cpu: the CPU to bind the thread to, if any.
    ///   - finished: called on the worker's thread as its last act.
    init(
        context: WorkerContext,
        wakeup: Wakeup,
        cpu: Int32?,
        started: @escaping Started,
        finished: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        thread = try Thread(name: "worker-\(context.index)") {
            Self.run(context, wakeup, cpu, started)
            finished()
        }
    }

    private static func run(_ context: WorkerContext, _ wakeup: Wakeup, _ cpu: Int32?, _ started: Started) {
        if let cpu { _ = fanout_pin_thread(cpu) }
        let worker: Worker<UringDriver>
        do throws(SystemError) {
            let driver = try UringDriver.fitting(wakeup: wakeup, busyPoll: context.settings.busyPoll)
            worker = try Worker(context: context, driver: driver)
        } catch {
            started(context.index, .failure(error))
            return
        }
        worker.start()
        started(context.index, .success(worker.driver.features))
        worker.run()
    }
}

extension UringDriver {
    /// A ring as large as the kernel gives: `ENOMEM` can be fragmentation, and half the size may do.
    static func fitting(wakeup: Wakeup, busyPoll: UInt64) throws(SystemError) -> UringDriver {
        var options = Options()
        options.busyPoll = busyPoll
        while true {
            do throws(SystemError) {
                return try UringDriver(wakeup: wakeup, options: options)
            } catch {
                guard error.isOutOfMemory, options.halve() else { throw error }
            }
        }
    }
}
