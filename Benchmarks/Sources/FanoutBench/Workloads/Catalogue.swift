extension Workload {
    /// The whole comparison, in the order of the report.
    static let all: [Workload] =
        bulk + pingPong + [pipelined] + churn + paced + idle + software + scaled(workers: 1) + scaled(workers: 2)

    /// What `--quick` takes: one or two of each family.
    static let quick: [Workload] = all.filter { quickNames.contains($0.name) }

    private static let quickNames = [
        "bulk-up-1", "bulk-both-16", "pingpong-64", "pingpong-1024", "messages-16k", "pipelined", "churn-64",
        "paced-pingpong", "idle-5000", "redis-p1", "scale-pingpong-w1", "scale-pingpong-w2",
    ]

    private static let bulk: [Workload] = [1, 16, 128].flatMap { count in
        [
            Workload(name: "bulk-up-\(count)", kind: .bulkUp, connections: count),
            Workload(name: "bulk-down-\(count)", kind: .bulkDown, connections: count),
            Workload(name: "bulk-both-\(count)", kind: .bulkBoth, connections: count),
        ]
    }

    private static let pingPong: [Workload] =
        [1, 64, 1_024, 8_000].map { Workload(name: "pingpong-\($0)", kind: .exchange, connections: $0) }
        + [4, 16, 64].map {
            Workload(name: "messages-\($0)k", kind: .exchange, connections: 64, messageSize: $0 * 1_024)
        }

    private static let pipelined = Workload(name: "pipelined", kind: .exchange, connections: 64, depth: 16)

    /// For the trial of many connections too.
    static let churn64 = Workload(name: "churn-64", kind: .churn, connections: 64)

    private static let churn: [Workload] = [
        Workload(name: "churn-16", kind: .churn, connections: 16), churn64,
        Workload(name: "churn-256", kind: .churn, connections: 256),
    ]

    /// The same load for all peers, of half of what they can do: what latencies are compared at.
    private static let paced: [Workload] = [
        Workload(name: "paced-pingpong", kind: .exchange, connections: 64, rate: 40_000),
        Workload(name: "paced-1024", kind: .exchange, connections: 1_024, rate: 30_000),
        Workload(name: "paced-16k", kind: .exchange, connections: 64, messageSize: 16_384, rate: 25_000),
        Workload(name: "paced-pingpong-w2", kind: .exchange, connections: 64, rate: 40_000, scaledWorkers: 2),
        Workload(name: "paced-churn", kind: .churn, connections: 64, rate: 8_000),
    ]

    private static let idle: [Workload] = [5_000, 9_900].map {
        Workload(name: "idle-\($0)", kind: .idle, connections: $0)
    }

    private static let software: [Workload] = [
        Workload(name: "redis-p1", kind: .redis, connections: 50),
        Workload(name: "redis-p16", kind: .redis, connections: 50, depth: 16),
        Workload(name: "postgres", kind: .postgres, connections: 16),
        Workload(name: "http", kind: .http, connections: 64),
    ]

    private static func scaled(workers: Int) -> [Workload] {
        [
            Workload(name: "scale-pingpong-w\(workers)", kind: .exchange, connections: 64, scaledWorkers: workers),
            Workload(name: "scale-churn-w\(workers)", kind: .churn, connections: 64, scaledWorkers: workers),
        ]
    }
}
