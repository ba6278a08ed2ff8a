import CURing
import Glibc
import Reactor

/// `fanout top` on a terminal: keys, signals and readings in, frames out, one thread.
struct Top {
    let client: AdminClient
    let options: TopOptions
    let environment: [String: String]

    /// Signals as something to read (signalfd(2)): the size has changed, stop for a while, go on, end.
    private static let signals = [SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGWINCH, SIGTSTP, SIGCONT]

    /// Until a key or a signal ends it. The terminal is then as it was before, whatever happened.
    func run() throws(AdminFailure) -> ExitCode {
        do throws(SystemError) {
            let signals = try Self.blockSignals()
            let terminal = try Terminal()
            let reader = try TopReader(client: client, interval: options.interval)
            try reader.start()
            terminal.enter()
            defer { terminal.leave() }
            return loop(terminal, reader, signals)
        } catch {
            throw AdminFailure("the terminal cannot be used: \(error)")
        }
    }

    private func loop(_ terminal: borrowing Terminal, _ reader: TopReader, _ signals: Int32) -> ExitCode {
        let isColoured = (environment["NO_COLOR"] ?? "").isEmpty
        var writer = FrameWriter(isUnicode: PlainText.isUnicode(environment), isColoured: isColoured)
        var state = TopState()
        var keys = KeyParser()
        while true {
            reader.want(connections: state.screen == .connections)
            let size = terminal.size
            let view = TopView(state: state, address: "\(client.address)", now: .now())
            terminal.write(writer.show(view.frame(width: size.width, height: size.height)))
            let ready = Self.wait(for: [STDIN_FILENO, signals, reader.descriptor])
            if ready[0] {
                guard let bytes = terminal.read() else { return .clean }
                for key in keys.keys(in: bytes) where state.press(key) { return .clean }
            }
            if ready[1] {
                guard Self.follow(signals, terminal) else { return .clean }
                writer.forget()
            }
            if ready[2], let result = reader.take() { state.receive(result) }
        }
    }

    /// What the signals ask for; false to end.
    private static func follow(_ signals: Int32, _ terminal: borrowing Terminal) -> Bool {
        while true {
            switch fanout_signalfd_take(signals) {
            case 0: return true
            case SIGWINCH: continue
            case SIGTSTP:
                terminal.leave()
                // Stops here; who continues the process sends SIGCONT.
                kill(getpid(), SIGSTOP)
            case SIGCONT: terminal.enter()
            case _: return false
            }
        }
    }

    /// Before any thread, because threads inherit the set.
    private static func blockSignals() throws(SystemError) -> Int32 {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in signals {
            // An ignored signal would never be seen (signalfd(2)).
            _ = signal(number, SIG_DFL)
            _ = unsafe sigaddset(&set, number)
        }
        _ = unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        let descriptor = unsafe fanout_signalfd(signals, signals.count)
        guard descriptor >= 0 else { throw SystemError("signalfd", errno: -descriptor) }
        return descriptor
    }

    /// Blocks until one of them is readable, and tells which are.
    private static func wait(for descriptors: [Int32]) -> [Bool] {
        var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard unsafe poll(&entries, nfds_t(entries.count), -1) > 0 else { return descriptors.map { _ in false } }
        return entries.map { $0.revents != 0 }
    }
}
