import Reactor

/// Reads the admin endpoint again and again on a thread of its own, so that keys work while it does not answer.
final class TopReader: Sendable {
    private struct Orders {
        /// Connections are asked for only while somebody looks at them: each worker has to list its own.
        var wantsConnections = false
        var isHurried = false
    }

    private let client: AdminClient
    private let interval: Interval
    private let orders = Monitor(Orders())
    private let latest = Locked<Result<AdminReading, AdminFailure>?>(nil)
    private let wakeup: Wakeup

    init(client: AdminClient, interval: Interval) throws(SystemError) {
        self.client = client
        self.interval = interval
        wakeup = try Wakeup()
    }

    /// Readable when there is something to ``take()``.
    var descriptor: Int32 { wakeup.descriptor }

    /// Reads until the process ends.
    func start() throws(SystemError) {
        _ = try Thread(name: "reader") { [self] in
            while true {
                let result = read()
                latest.with { $0 = result }
                wakeup.signal()
                _ = orders.wait(until: Deadline.now().advanced(by: interval.nanoseconds)) { $0.isHurried }
            }
        }
    }

    private func read() -> Result<AdminReading, AdminFailure> {
        let wantsConnections = orders.access { orders in
            orders.isHurried = false
            return orders.wantsConnections
        }
        do throws(AdminFailure) {
            return .success(try client.reading(connections: wantsConnections ? ConnectionsReport.mostShown : nil))
        } catch {
            return .failure(error)
        }
    }

    /// Whether connections are asked for from now on; for their sake the next reading comes at once.
    func want(connections: Bool) {
        orders.update { orders in
            if connections, !orders.wantsConnections { orders.isHurried = true }
            orders.wantsConnections = connections
        }
    }

    /// The newest result that was not taken yet.
    func take() -> Result<AdminReading, AdminFailure>? {
        wakeup.clear()
        return latest.with { latest in
            defer { latest = nil }
            return latest
        }
    }
}
