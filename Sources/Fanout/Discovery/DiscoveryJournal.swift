import Logging
import Reactor

/// What discovery of one service tells the operator: each kind of trouble once, its end once, never each retry.
struct DiscoveryJournal {
    private let logger: Logger
    private var failingSince: Deadline?
    private var reported: Set<DiscoveryFailure.Reason> = []
    private var lastSkipped: [UsableRegistrations.SkipReason: Int] = [:]

    init(logger: Logger, service: String, namespace: String) {
        var logger = logger
        logger[metadataKey: "service"] = "\(service)"
        logger[metadataKey: "namespace"] = "\(namespace)"
        self.logger = logger
    }

    /// Notes what became of a query; `skipped` describes its answer, `kept` counts the endpoints in use.
    mutating func note(
        _ verdict: DiscoveryPolicy.Verdict,
        skipped: [UsableRegistrations.SkipReason: Int],
        kept: Int,
        at now: Deadline
    ) {
        switch verdict {
        case .failed(let failure):
            noteFailure(failure, kept: kept, at: now)
        case .changed(let rows):
            noteRecovery(at: now)
            if rows.isEmpty {
                logger.warning("no usable registrations: if the service should exist, check its name and namespace")
            } else {
                logger.info("registrations changed", metadata: ["count": "\(rows.count)"])
            }
            noteSkipped(skipped)
        case .unchanged:
            noteRecovery(at: now)
            noteSkipped(skipped)
        case .withheld(let doubt):
            noteRecovery(at: now)
            logger.info("an answer waits for a consistent read", metadata: ["reason": "\(doubt.rawValue)"])
        }
    }

    private mutating func noteFailure(_ failure: DiscoveryFailure, kept: Int, at now: Deadline) {
        failingSince = failingSince ?? now
        guard reported.insert(failure.reason).inserted else {
            logger.debug("discovery still fails: \(failure)")
            return
        }
        let advice = failure.hint.map { "; \($0)" } ?? ""
        logger.warning(
            "discovery fails, the known endpoints stay in use: \(failure)\(advice)",
            metadata: ["reason": "\(failure.reason.rawValue)", "kept": "\(kept)"]
        )
    }

    private mutating func noteRecovery(at now: Deadline) {
        guard let since = failingSince else { return }
        failingSince = nil
        reported = []
        let milliseconds = now.since(since) / 1_000_000
        logger.notice("discovery works again", metadata: ["outage_ms": "\(milliseconds)"])
    }

    private mutating func noteSkipped(_ skipped: [UsableRegistrations.SkipReason: Int]) {
        guard skipped != lastSkipped else { return }
        lastSkipped = skipped
        // A canary that waits for promotion is as intended.
        let troubles = skipped.filter { $0.key != .canary }
        guard !troubles.isEmpty else { return }
        let list = troubles.map { "\($0.key.rawValue)=\($0.value)" }.sorted().joined(separator: " ")
        logger.warning("some registrations are no endpoints: \(list)")
    }
}
