import Foundation

/// Redis without persistence, and redis-benchmark with GET.
struct RedisSoftware: Software {
    /// Requests for each second that a run should take about, by pipeline: the tool has no duration.
    private static let requestsPerSecond = 60_000.0
    private static let pipelinedRequestsPerSecond = 500_000.0

    var obstacle: String? {
        Programs.obstacle(["redis-server", "redis-benchmark"], packages: "redis-server and redis-tools")
    }

    func server(port: UInt16, folder: String) throws -> PeerCommand {
        PeerCommand(
            path: try Programs.path("redis-server"),
            arguments: [
                "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no",
            ],
            stopSignal: SIGTERM
        )
    }

    func tool(_ workload: Workload, port: UInt16, seconds: Double, folder: String) throws -> PeerCommand {
        PeerCommand(
            path: try Programs.path("redis-benchmark"),
            arguments: [
                "-h", "127.0.0.1", "-p", "\(port)", "-t", "get", "-c", "\(workload.connections)",
                "-P", "\(workload.depth)", "-n", "\(requests(workload, seconds))", "--csv",
            ],
            stopSignal: SIGTERM
        )
    }

    func read(_ output: String, _ workload: Workload, folder: String, into measurement: inout Measurement) throws {
        // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms",...
        let line = output.split(separator: "\n").last { $0.hasPrefix("\"GET\"") }
        let fields = (line ?? "").split(separator: ",").map { Double($0.trimmingCharacters(in: ["\""])) ?? 0 }
        guard fields.count >= 7, fields[1] > 0 else { throw BenchError("redis-benchmark prints '\(output)'") }
        measurement.units = Double(requests(workload, measurement.plannedSeconds))
        measurement.p50 = fields[4] * 1e3
        measurement.p99 = fields[6] * 1e3
    }

    private func requests(_ workload: Workload, _ seconds: Double) -> Int {
        let rate = workload.depth > 1 ? Self.pipelinedRequestsPerSecond : Self.requestsPerSecond
        return Int(rate * seconds)
    }
}
