import Glibc
import NIOConcurrencyHelpers

/// What discovery has done so far, for metrics and `/status`.
struct DiscoveryStatistics: Equatable, Sendable {
    /// How an answer was used, the `result` label of `discovery_updates_total`.
    enum Update: String, CaseIterable, Sendable { case changed, unchanged, withheld }

    struct Service: Equatable, Sendable {
        var updates: [Update: UInt64] = [:]
        var errors: [DiscoveryFailure.Reason: UInt64] = [:]
        /// Seconds since 1970 of the last applied answer, 0 before the first.
        var lastSuccess = 0.0
        /// The catalogue's index of the last applied answer.
        var index: UInt64 = 0
        /// Usable registrations of the last applied answer.
        var registrations = 0
        /// The rows of the last answer that are no endpoints.
        var skipped: [UsableRegistrations.SkipReason: Int] = [:]
        /// Whether the last query failed.
        var isFailing = false
    }

    /// By the service's index.
    var services: [Int: Service] = [:]
    var tokenRefreshes: [WorkloadIdentity.Refresh: UInt64] = [:]
}

/// The statistics while they are written by the discovery thread and read by others.
final class DiscoveryMonitor: Sendable {
    private let box = NIOLockedValueBox(DiscoveryStatistics())

    /// A consistent copy; any thread.
    var statistics: DiscoveryStatistics { box.withLockedValue { $0 } }

    func record(_ refresh: WorkloadIdentity.Refresh) {
        box.withLockedValue { $0.tokenRefreshes[refresh, default: 0] += 1 }
    }

    func record(_ verdict: DiscoveryPolicy.Verdict, service: Int, index: UInt64) {
        box.withLockedValue { statistics in
            var entry = statistics.services[service, default: .init()]
            switch verdict {
            case .changed(let rows):
                entry.updates[.changed, default: 0] += 1
                entry.registrations = rows.count
            case .unchanged:
                entry.updates[.unchanged, default: 0] += 1
            case .withheld:
                entry.updates[.withheld, default: 0] += 1
            case .failed(let failure):
                entry.errors[failure.reason, default: 0] += 1
            }
            switch verdict {
            case .changed, .unchanged:
                entry.lastSuccess = Self.secondsSince1970()
                entry.index = index
                entry.isFailing = false
            case .withheld:
                entry.isFailing = false
            case .failed:
                entry.isFailing = true
            }
            statistics.services[service] = entry
        }
    }

    func record(skipped: [UsableRegistrations.SkipReason: Int], service: Int) {
        box.withLockedValue { $0.services[service, default: .init()].skipped = skipped }
    }

    private static func secondsSince1970() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
