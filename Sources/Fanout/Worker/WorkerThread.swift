import CURing
import Reactor

/// Runs one worker on a thread of its own, from making its driver to its last session.
struct WorkerThread: ~Copyable {
    private let thread: Thread

    /// What the supervisor is told: the driver, or why there is none. Said once for each worker.
    typealias Started = @Sendable (_ worker: Int, Result<DriverInUse, SystemError>) -> Void

    /// - Parameters:
    ///   - cpu: the CPU to bind the thread to, if any.
    ///   - finished: called on the worker's thread as its last act.
    init(
        context: WorkerContext,
        wakeup: Wakeup,
        cpu: Int32?,
        driver: DriverChoice,
        started: @escaping Started,
        finished: @escaping @Sendable () -> Void
    ) throws(SystemError) {
        thread = try Thread(name: "worker-\(context.index)") {
            Self.run(context, wakeup, cpu, driver, started)
            finished()
        }
    }

    private static func run(
        _ context: WorkerContext,
        _ wakeup: Wakeup,
        _ cpu: Int32?,
        _ choice: DriverChoice,
        _ started: Started
    ) {
        if let cpu { _ = fanout_pin_thread(cpu) }
        do throws(SystemError) {
            switch choice {
            case .epoll:
                try serveByEpoll(context, wakeup, choice, started, refusal: nil)
            case .ioUring:
                try serveByUring(context, UringDriver.fitting(wakeup: wakeup, context.settings), choice, started)
            case .auto:
                let driver: UringDriver
                do throws(SystemError) {
                    driver = try UringDriver.fitting(wakeup: wakeup, context.settings)
                } catch {
                    guard error.isRefusedRing else { throw error }
                    try serveByEpoll(context, wakeup, choice, started, refusal: error)
                    return
                }
                try serveByUring(context, driver, choice, started)
            }
        } catch {
            started(context.index, .failure(error))
        }
    }

    private static func serveByUring(
        _ context: WorkerContext,
        _ driver: UringDriver,
        _ choice: DriverChoice,
        _ started: Started
    ) throws(SystemError) {
        let worker = try Worker(context: context, driver: driver)
        worker.start()
        let inUse = DriverInUse(name: .ioUring, features: driver.features, choice: choice, refusal: nil)
        started(context.index, .success(inUse))
        worker.run()
    }

    /// - Parameter refusal: why io_uring cannot be used, where it was tried.
    private static func serveByEpoll(
        _ context: WorkerContext,
        _ wakeup: Wakeup,
        _ choice: DriverChoice,
        _ started: Started,
        refusal: SystemError?
    ) throws(SystemError) {
        var options = EpollDriver.Options()
        options.busyPoll = context.settings.busyPoll
        options.buffers = context.settings.buffers
        let driver = try EpollDriver(wakeup: wakeup, options: options)
        let worker = try Worker(context: context, driver: driver)
        worker.start()
        let inUse = DriverInUse(name: .epoll, features: driver.features, choice: choice, refusal: refusal)
        started(context.index, .success(inUse))
        worker.run()
    }
}

extension SystemError {
    /// The kernel does not let this process use io_uring, or not as it is needed.
    var isRefusedRing: Bool { call.hasPrefix("io_uring") }
}

extension UringDriver {
    /// A ring as large as the kernel gives: `ENOMEM` can be fragmentation, and half the size may do.
    static func fitting(wakeup: Wakeup, _ settings: DataPathSettings) throws(SystemError) -> UringDriver {
        var options = Options()
        options.busyPoll = settings.busyPoll
        options.buffers = settings.buffers
        while true {
            do throws(SystemError) {
                return try UringDriver(wakeup: wakeup, options: options)
            } catch {
                guard error.isOutOfMemory, options.halve() else { throw error }
            }
        }
    }
}
