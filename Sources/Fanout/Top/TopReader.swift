import Glibc
import Reactor

/// Reads the admin endpoint again and again on a thread of its own, so that keys work while it does not answer.
final class TopReader: Sendable {
    private let client: AdminClient
    private let interval: Interval
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
                let result: Result<AdminReading, AdminFailure>
                do throws(AdminFailure) {
                    result = .success(try client.reading(connections: ConnectionsReport.mostShown))
                } catch {
                    result = .failure(error)
                }
                latest.with { $0 = result }
                wakeup.signal()
                usleep(UInt32(clamping: interval.nanoseconds / 1000))
            }
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
