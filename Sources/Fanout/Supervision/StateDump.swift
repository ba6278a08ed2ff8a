import Logging
import Reactor

/// SIGUSR1: one look at everything, as log lines.
struct StateDump {
    let fleet: Fleet
    let services: [String]
    let startedAt: Deadline

    func write(to logger: Logger) {
        logger.info(
            "state",
            metadata: [
                "version": "\(Version.current)",
                "uptime_s": "\(Deadline.now().since(startedAt) / 1_000_000_000)",
                "workers": "\(fleet.statistics.count)",
                "connections": "\(fleet.admission.count)",
                "max_connections": "\(fleet.admission.limit)",
                "descriptors": "\(OpenDescriptors.count())",
            ]
        )
        for (index, statistics) in fleet.statistics.enumerated() {
            var metadata: Logger.Metadata = ["worker": "\(index)"]
            for counter in WorkerStatistics.Counter.allCases {
                metadata[counter.name] = "\(statistics[counter])"
            }
            let services = fleet.services[index]
            for counter in ServiceStatistics.Counter.allCases {
                metadata[counter.name] = "\(services.total(counter))"
            }
            for reason in CloseReason.allCases where services.closed(reason) > 0 {
                metadata["closed_\(reason.text)"] = "\(services.closed(reason))"
            }
            logger.info("state of worker", metadata: metadata)
        }
        for observation in fleet.registry.observe().endpoints {
            let endpoint = observation.assignment.endpoint
            var metadata: Logger.Metadata = [
                "service": "\(services[observation.assignment.service])",
                "endpoint": "\(endpoint.address)",
                "name": "\(endpoint.name)",
                "alloc": "\(endpoint.allocationID)",
                "connections": "\(observation.connections)",
                "state": "\(observation.name.rawValue)",
                "connected": "\(observation.counts.connections)",
            ]
            if let health = observation.health, !health.reason.isEmpty { metadata["reason"] = "\(health.reason)" }
            logger.info("state of endpoint", metadata: metadata)
        }
        logger.info("state ends")
    }
}

extension WorkerStatistics.Counter {
    /// The counter's name in logs.
    var name: String {
        switch self {
        case .handedOver: "handed_over"
        case .acceptErrors: "accept_errors"
        case .bufferStarved: "buffer_starved"
        case .splicedBytes: "spliced_bytes"
        case .bulkStarts: "bulk_starts"
        case .watchStarts: "watch_starts"
        case .pipes: "pipes"
        case .pendingOperations: "pending_operations"
        case .freeBuffers: "free_buffers"
        case .completions: "completions"
        case .enters: "enters"
        case .accessRecordsDropped: "access_records_dropped"
        case .busyNanoseconds: "busy_ns"
        }
    }
}

extension ServiceStatistics.Counter {
    /// The counter's name in logs.
    var name: String {
        switch self {
        case .txBytes: "tx_bytes"
        case .rxBytes: "rx_bytes"
        case .accepted: "accepted"
        case .active: "active"
        case .waiting: "waiting"
        case .rejected: "rejected"
        case .connectFailures: "connect_failures"
        case .retries: "retries"
        case .hedges: "hedges"
        }
    }
}
