extension MetricsText {
    /// What each worker does.
    mutating func appendWorkers(_ inspector: Inspector) {
        let fleet = inspector.fleet
        family("fanout_workers", .gauge, "Worker threads.")
        sample(UInt64(fleet.statistics.count))
        family("fanout_worker_connections", .gauge, "Connections that a worker has now.")
        for (index, services) in fleet.services.enumerated() {
            sample(services.total(.active), Label("worker", index))
        }
        family("fanout_worker_accepted_total", .counter, "Connections that a worker has accepted.")
        for (index, services) in fleet.services.enumerated() {
            sample(services.total(.accepted), Label("worker", index))
        }
        family("fanout_worker_busy_seconds_total", .counter, "Time that a worker did not sleep.")
        for (index, worker) in fleet.statistics.enumerated() {
            sample(Double(worker[.busyNanoseconds]) / 1e9, Label("worker", index))
        }
        family("fanout_worker_enters_total", .counter, "System calls in which a worker waited or submitted.")
        for (index, worker) in fleet.statistics.enumerated() { sample(worker[.enters], Label("worker", index)) }
        family("fanout_worker_completions_total", .counter, "Results of operations that a worker has got.")
        for (index, worker) in fleet.statistics.enumerated() { sample(worker[.completions], Label("worker", index)) }
        family("fanout_worker_buffer_starved_total", .counter, "Receives of a worker that found no free buffer.")
        for (index, worker) in fleet.statistics.enumerated() {
            sample(worker[.bufferStarved], Label("worker", index))
        }
    }
}
