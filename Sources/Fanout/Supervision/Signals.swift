import CURing
import Glibc
import Reactor

/// What operators can ask of a running process.
enum Request: Sendable {
    /// SIGQUIT, SIGINT, SIGTERM.
    case drain
    /// SIGHUP.
    case refresh
    /// SIGUSR1.
    case dumpState
}

/// Signals as something to read (signalfd(2)) instead of something that interrupts.
struct Signals: ~Copyable {
    private static let handled = [SIGQUIT, SIGINT, SIGTERM, SIGHUP, SIGUSR1]

    let descriptor: Int32

    /// Call before any thread exists: threads inherit the blocked set.
    init() throws(SystemError) {
        // A write to a connection that has gone must fail, not kill (signal(7)).
        _ = signal(SIGPIPE, SIG_IGN)
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in Self.handled {
            // An ignored signal, as a shell leaves it to background jobs, would never be seen (signalfd(2)).
            _ = signal(number, SIG_DFL)
            _ = unsafe sigaddset(&set, number)
        }
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        descriptor = unsafe fanout_signalfd(Self.handled, Self.handled.count)
        guard descriptor >= 0 else { throw SystemError("signalfd", errno: -descriptor) }
    }

    /// The oldest signal that has come and was not taken yet.
    func take() -> Request? {
        switch fanout_signalfd_take(descriptor) {
        case SIGQUIT, SIGINT, SIGTERM: .drain
        case SIGHUP: .refresh
        case SIGUSR1: .dumpState
        case _: nil
        }
    }
}
