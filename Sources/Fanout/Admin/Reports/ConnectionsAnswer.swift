extension Inspector {
    /// The answer of `/connections`, from a census of the workers.
    func connections(_ records: [AccessRecord], limit: Int) -> ConnectionsReport {
        let shown = records.sorted { $0.durationMicroseconds > $1.durationMicroseconds }.prefix(limit)
        let active = services.indices.reduce(0) { $0 &+ total(.active, of: $1) }
        return ConnectionsReport(
            // Connections may have come or gone since the census.
            total: max(Int(clamping: active), shown.count),
            shown: shown.count,
            connections: shown.map(entry)
        )
    }

    private func entry(_ record: AccessRecord) -> ConnectionsReport.Entry {
        let endpoint = record.endpoint == 0 ? nil : fleet.registry.assignment(of: record.endpoint)?.endpoint
        return ConnectionsReport.Entry(
            conn: record.connection,
            service: services[Int(record.service)].label,
            worker: Int(record.worker),
            client: record.client.text,
            endpoint: endpoint?.address.description,
            alloc: endpoint.flatMap { $0.allocationID.isEmpty ? nil : $0.allocationID },
            durationSeconds: Double(record.durationMicroseconds) / 1e6,
            txBytes: record.txBytes,
            rxBytes: record.rxBytes,
            attempts: Int(record.attempts)
        )
    }
}
