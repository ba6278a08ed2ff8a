import Foundation

/// nginx as an HTTP server that answers 64 bytes, and wrk with connections that stay.
struct HTTPSoftware: Software {
    var obstacle: String? { Programs.obstacle(["nginx", "wrk"], packages: "nginx and wrk") }

    func server(port: UInt16, folder: String) throws -> PeerCommand {
        let file = "\(folder)/http-\(port).conf"
        let text = """
            daemon off;
            worker_processes 1;
            pid \(file).pid;
            error_log stderr error;
            events {
                worker_connections 4096;
            }
            http {
                access_log off;
                keepalive_requests 1000000000;
                server {
                    listen 127.0.0.1:\(port) backlog=4096;
                    location / {
                        return 200 "\(String(repeating: "x", count: 64))";
                    }
                }
            }

            """
        return PeerCommand(
            path: try Programs.path("nginx"),
            arguments: ["-c", file, "-e", "stderr"],
            stopSignal: SIGTERM,
            configuration: ConfigurationFile(path: file, text: text)
        )
    }

    func tool(_ workload: Workload, port: UInt16, seconds: Double, folder: String) throws -> PeerCommand {
        PeerCommand(
            path: try Programs.path("wrk"),
            arguments: [
                "-t", "1", "-c", "\(workload.connections)", "-d", "\(max(1, Int(seconds.rounded())))s", "--latency",
                "http://127.0.0.1:\(port)/",
            ],
            stopSignal: SIGTERM
        )
    }

    func read(_ output: String, _ workload: Workload, folder: String, into measurement: inout Measurement) throws {
        for line in output.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            switch words.first {
            case "50%": measurement.p50 = try microseconds(words)
            case "99%": measurement.p99 = try microseconds(words)
            // "Socket errors: connect 0, read 0, write 0, timeout 0" and "Non-2xx or 3xx responses: 1"; absent if none.
            case "Socket", "Non-2xx":
                measurement.errors += words.compactMap { Int($0.trimmingCharacters(in: [","])) }.reduce(0, +)
            default:
                if words.count > 3, words[1] == "requests", words[2] == "in", let count = Double(words[0]) {
                    measurement.units = count
                }
            }
        }
        guard measurement.units > 0 else { throw BenchError("wrk prints '\(output)'") }
    }

    /// "99%    1.23ms"
    private func microseconds(_ words: [String]) throws -> Double {
        let units: [(String, Double)] = [("us", 1), ("ms", 1e3), ("s", 1e6)]
        guard words.count == 2, let (unit, factor) = units.first(where: { words[1].hasSuffix($0.0) }),
            let value = Double(words[1].dropLast(unit.count))
        else { throw BenchError("wrk prints '\(words.joined(separator: " "))'") }
        return value * factor
    }
}
