import Glibc
import Reactor

/// Writes log lines from a thread of its own, so that a slow, full or closed reader costs lines, never traffic.
///
/// Lines wait in a bounded queue for each descriptor; what does not fit is dropped whole and counted, and one line
/// says how many when writing goes on. Any thread may call any method.
final class LogWriter: Sendable {
    enum Stream: String, Sendable, CaseIterable {
        /// The log, on standard error.
        case log
        /// The access log, on standard output.
        case access
    }

    /// How many bytes may wait for each descriptor: some 60 ms of 50,000 lines a second.
    static let defaultCapacity = 1 << 20

    /// A pipe that poll(2) calls writable takes this much without blocking, and in one piece (pipe(7), PIPE_BUF).
    private static let longestWrite = 4096

    private struct State {
        var log: LogQueue
        var access: LogQueue
        /// Whether the thread is about to poll and has to be woken for a new line.
        var isAsleep = false
        var isStopping = false
        var hasEnded = false

        var isEmpty: Bool { log.isEmpty && access.isEmpty }

        subscript(stream: Stream) -> LogQueue {
            _read {
                switch stream {
                case .log: yield log
                case .access: yield access
                }
            }
            _modify {
                switch stream {
                case .log: yield &log
                case .access: yield &access
                }
            }
        }
    }

    private let monitor: Monitor<State>
    private let format: LogFormat
    private let descriptors: [Stream: Int32]
    private let wakeup: Wakeup

    /// Starts the thread. The descriptors stay the caller's; they may be blocking ones.
    init(
        log: Int32 = STDERR_FILENO,
        access: Int32 = STDOUT_FILENO,
        format: LogFormat,
        capacity: Int = LogWriter.defaultCapacity
    ) throws(SystemError) {
        monitor = Monitor(State(log: LogQueue(capacity: capacity), access: LogQueue(capacity: capacity)))
        self.format = format
        descriptors = [.log: log, .access: access]
        wakeup = try Wakeup()
        try start()
    }

    /// Hands over whole lines, each with its end; false when there was no room and they were dropped.
    @discardableResult
    func enqueue(_ lines: borrowing LineBuffer, to stream: Stream) -> Bool {
        let bytes = lines.bytes
        let (isAccepted, mustWake) = monitor.access { state in
            let isAccepted = state[stream].add(bytes)
            defer { state.isAsleep = false }
            return (isAccepted, state.isAsleep)
        }
        if mustWake { wakeup.signal() }
        return isAccepted
    }

    /// Lines dropped since the start, of both streams.
    var droppedLines: UInt64 { monitor.access { $0.log.dropped + $0.access.dropped } }

    /// Blocks until every line has been written or dropped; false when `deadline` came first.
    @discardableResult
    func flush(deadline: Deadline) -> Bool {
        monitor.wait(until: deadline) { $0.isEmpty }
    }

    /// Flushes, then ends the thread; what is left at `deadline` is lost. False when anything was.
    @discardableResult
    func stop(deadline: Deadline) -> Bool {
        let isFlushed = flush(deadline: deadline)
        monitor.access { $0.isStopping = true }
        wakeup.signal()
        return monitor.wait(until: deadline) { $0.hasEnded } && isFlushed
    }

    /// The thread keeps the writer alive until it ends, so it never sees freed memory, however the process exits.
    private func start() throws(SystemError) {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self)
        let error = unsafe pthread_create(
            &thread,
            nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<LogWriter>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            context.toOpaque()
        )
        guard error == 0 else {
            unsafe context.release()
            throw SystemError("pthread_create", errno: error)
        }
        pthread_detach(thread)
    }

    private func run() {
        // A closed pipe must end in EPIPE, whatever the process does with SIGPIPE.
        var signals = sigset_t()
        unsafe sigfillset(&signals)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        while let pending = pendingStreams() {
            for stream in poll(pending) { write(stream) }
        }
        monitor.update { $0.hasEnded = true }
    }

    /// The streams with lines to write, perhaps none; nil when the thread has to end. From here on lines wake it.
    private func pendingStreams() -> [Stream]? {
        monitor.access { state in
            guard !state.isStopping else { return nil }
            state.isAsleep = true
            return Stream.allCases.filter { !state[$0].isEmpty }
        }
    }

    /// Waits for a new line or for room; returns the streams to try.
    private func poll(_ pending: [Stream]) -> [Stream] {
        var entries = [pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)]
        entries += pending.map { pollfd(fd: descriptors[$0] ?? -1, events: Int16(POLLOUT), revents: 0) }
        let count = unsafe Glibc.poll(&entries, nfds_t(entries.count), -1)
        monitor.access { $0.isAsleep = false }
        guard count > 0 else { return [] }
        if entries[0].revents != 0 { wakeup.clear() }
        // An error or a hang-up counts as ready too: write(2) then says which.
        return zip(pending, entries.dropFirst()).filter { $1.revents != 0 }.map(\.0)
    }

    private func write(_ stream: Stream) {
        let result = unsafe monitor.access { $0[stream].next(longest: Self.longestWrite) }.withUnsafeBytes { bytes in
            let count = unsafe Glibc.write(descriptors[stream] ?? -1, bytes.baseAddress, bytes.count)
            return count < 0 ? -Int(errno) : count
        }
        monitor.update { state in
            guard result >= 0 else {
                if result != -Int(EINTR), result != -Int(EAGAIN) { state[stream].discard() }
                return
            }
            state[stream].advance(by: result)
            guard state[stream].isEmpty else { return }
            let dropped = state[stream].takeDropped()
            if dropped > 0 { _ = state.log.add(notice(of: dropped, on: stream).bytes) }
        }
    }

    private func notice(of dropped: UInt64, on stream: Stream) -> LineBuffer {
        var line = LineBuffer()
        LogLine.append(
            "log lines dropped",
            level: .warning,
            logger: "fanout",
            metadata: ["lines": "\(dropped)", "stream": "\(stream.rawValue)"],
            time: Timestamp.now(),
            format: format,
            to: &line
        )
        return line
    }
}
