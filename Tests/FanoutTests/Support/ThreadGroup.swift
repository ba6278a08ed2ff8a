import Glibc
import Reactor

/// Threads that a test starts together and waits for.
struct ThreadGroup: ~Copyable {
    private var ends: [Wakeup] = []

    mutating func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws {
        let end = try Wakeup()
        ends.append(end)
        _ = try Thread(name: name) {
            body()
            end.signal()
        }
    }

    /// Until every body has returned.
    consuming func join() {
        for end in ends {
            var entry = pollfd(fd: end.descriptor, events: Int16(POLLIN), revents: 0)
            while unsafe poll(&entry, 1, -1) < 1 {}
            // ThreadSanitizer knows from write(2) and read(2), not from poll(2), that what they did comes before what follows.
            end.clear()
        }
    }
}
