extension TopTables {
    /// Living connections, the oldest first.
    var connections: TopTable {
        let rows = (state.reading?.connections?.connections ?? []).map { (id: "\($0.worker) \($0.conn)", row: $0) }
        return TopTable(
            rows,
            [
                .name("CLIENT", 16) { $0.client ?? Figures.unknown },
                .name("SERVICE", 10, rank: 3) { $0.service },
                .name("ENDPOINT", 16) { $0.endpoint ?? "waiting" },
                .figure("AGE", 11, rank: 1, { $0.durationSeconds }, Figures.age),
                .figure("SENT", 8, rank: 2, { $0.txBytes }, Figures.bytes),
                .figure("RECV", 8, rank: 2, { $0.rxBytes }, Figures.bytes),
                .figure("TRIES", 5, rank: 4, { $0.attempts }, Figures.count),
                .figure("WORKER", 6, rank: 6, { $0.worker }, Figures.count),
                .figure("NUMBER", 15, rank: 5, { $0.conn }) { "\($0)" },
            ],
            order: state.order[.connections],
            nothing: state.reading?.connections == nil ? "" : "no connection",
            detail: { row in
                let endpoint = row.endpoint.map { "to \($0)\(row.alloc.map { " (alloc \($0))" } ?? "")" }
                return [
                    "conn \(row.conn) of \(row.service) on worker \(row.worker)",
                    "from \(row.client ?? "a client") \(endpoint ?? "waiting for an endpoint") for "
                        + "\(Figures.age(row.durationSeconds)), \(Figures.counted(row.attempts, "attempt"))",
                ]
            }
        )
    }
}
