import Glibc
import Logging
import Reactor

/// Remembers the last known good endpoints over restarts (`--state-file`): written after each change that was applied,
/// at most once a second, on a thread of its own; read at the start. Several processes may keep to one file: each replaces
/// the services that it has learned, and leaves the others'.
///
/// Callable from any thread. A file that cannot be read, or is damaged, or another's, is a warning and no more.
final class StateKeeper: Sendable {
    /// Between two writes, in milliseconds.
    private static let pause: Int32 = 1_000
    /// Until a write that has failed is tried again, in milliseconds.
    private static let retryPause: Int32 = 10_000

    private struct State {
        /// From the file, at the start.
        var remembered: [SavedState.Name: SavedState.Service] = [:]
        /// Found by discovery since.
        var learned: [SavedState.Name: SavedState.Service] = [:]
        var isDirty = false
        var hasFailed = false
    }

    private let file: StateFile
    /// The names of the services by their index; those alone are kept.
    private let names: [Int: SavedState.Name]
    private let logger: Logger
    private let state = Locked(State())
    /// Held while the file is written: two threads do so at the end of the process.
    private let writing = Locked(())
    private let doorbell: Wakeup

    init(path: String, names: [Int: SavedState.Name], logger: Logger) throws(SystemError) {
        file = StateFile(path: path)
        self.names = names
        self.logger = logger
        doorbell = try Wakeup()
        load()
    }

    /// Runs until the process ends.
    func start() throws(SystemError) {
        _ = try Thread(name: "state-file") {
            while true {
                var entry = pollfd(fd: self.doorbell.descriptor, events: Int16(POLLIN), revents: 0)
                _ = unsafe poll(&entry, 1, self.state.with { $0.hasFailed } ? Self.retryPause : -1)
                self.doorbell.clear()
                self.write()
                _ = poll(nil, 0, Self.pause)
            }
        }
    }

    /// Writes what was not written yet.
    func finish() { write() }

    // MARK: Reading

    private func load() {
        do {
            guard let bytes = try file.read() else { return }
            let saved = try StateFormat.decode(bytes)
            let wanted = Set(names.values)
            state.with { state in
                for service in saved.services where wanted.contains(service.name) {
                    state.remembered[service.name] = service
                }
            }
        } catch {
            logger.warning(
                "the state file is not used: \(error)",
                metadata: ["path": "\(file.path)"]
            )
        }
    }

    /// The endpoints that a service had when discovery found it last, and how many seconds ago that was; nil if none
    /// are known.
    func lastKnown(of service: Int) -> (endpoints: [Endpoint], age: UInt64)? {
        guard let name = names[service], let saved = state.with({ $0.learned[name] ?? $0.remembered[name] }) else {
            return nil
        }
        let endpoints = saved.endpoints.compactMap(\.endpoint)
        let now = Self.now()
        return endpoints.isEmpty ? nil : (endpoints, now > saved.learned ? now - saved.learned : 0)
    }

    // MARK: Writing

    /// Discovery has found these.
    func note(_ service: Int, _ endpoints: [Endpoint]) {
        guard let name = names[service] else { return }
        let saved = SavedState.Service(
            name: name,
            learned: Self.now(),
            endpoints: endpoints.compactMap { SavedEndpoint($0) }
        )
        state.with { state in
            state.learned[name] = saved
            state.isDirty = true
        }
        doorbell.signal()
    }

    private func write() {
        writing.with { _ in
            let news = state.with { state -> State? in
                guard state.isDirty else { return nil }
                state.isDirty = false
                return state
            }
            guard let news else { return }
            do {
                try file.exclusively {
                    let services = SavedState.merge(
                        learned: news.learned,
                        found: saved(),
                        remembered: news.remembered
                    )
                    let saved = SavedState(version: SavedState.currentVersion, written: Self.now(), services: services)
                    try file.write(try StateFormat.encode(saved))
                }
                _ = noteWrite(failed: false)
            } catch {
                // Once, until it works again: a full disk must not fill the log too.
                guard !noteWrite(failed: true) else { return }
                logger.warning("the state file cannot be written: \(error)", metadata: ["path": "\(file.path)"])
            }
        }
    }

    /// What the file holds now, perhaps from another process; nothing if it cannot be read, which the start has told.
    private func saved() -> [SavedState.Service] {
        guard let bytes = try? file.read(), let saved = try? StateFormat.decode(bytes) else { return [] }
        return saved.services
    }

    /// Notes whether a write has failed, and returns whether the one before it had.
    private func noteWrite(failed: Bool) -> Bool {
        state.with { state in
            defer { state.hasFailed = failed }
            if failed { state.isDirty = true }
            return state.hasFailed
        }
    }

    private static func now() -> UInt64 { Timestamp.now() / 1_000_000_000 }
}
