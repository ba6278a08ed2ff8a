import Glibc
import Reactor

/// `fanout wait`: returns when a Fanout is ready to serve, for what must start after it.
struct Wait: Sendable {
    let client: AdminClient
    let limit: Interval

    /// Between two looks.
    private static let pause = Duration.milliseconds(100)

    /// Nil once `/ready` says 200; what it said last when `limit` has passed. A Fanout that is not there yet is waited for.
    func run() -> [String]? {
        let deadline = Deadline.now().advanced(by: limit.nanoseconds)
        while true {
            let left = deadline.since(.now())
            // A last look, too, needs a moment.
            let patience = min(max(.nanoseconds(Int64(clamping: left)), Self.pause), AdminClient.patience)
            let reasons: [String]
            do throws(AdminFailure) {
                guard let found = try look(within: patience) else { return nil }
                reasons = found
            } catch {
                reasons = ["\(client.address): \(error)"]
            }
            let rest = Duration.nanoseconds(Int64(clamping: deadline.since(.now())))
            guard rest > .zero else { return reasons }
            usleep(UInt32(clamping: min(rest, Self.pause).wholeNanoseconds / 1000))
        }
    }

    private func look(within patience: Duration) throws(AdminFailure) -> [String]? {
        let answer = try client.get("/ready", within: patience)
        switch answer.status {
        case 200: return nil
        case 503: return try answer.decode(ReadinessReport.self).reasons ?? ["it does not say why"]
        case let other: throw AdminFailure("HTTP \(other) for /ready")
        }
    }
}
