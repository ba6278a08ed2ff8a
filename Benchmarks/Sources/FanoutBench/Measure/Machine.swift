import Foundation

/// Where the figures come from: they mean little without it.
struct Machine: Codable {
    /// A load average above this, before the first run, says that something else is running.
    private static let quietLoad = 0.5

    let kernel: String
    let processor: String
    let cpus: Int
    let congestionControl: String
    let loadAverage: String
    /// In which network namespace this ran.
    let place: String
    let descriptors: Int

    init(place: String) {
        self.place = place
        descriptors = Limits.descriptors
        func line(_ path: String) -> String {
            (readText(path) ?? "unknown").trimmingCharacters(in: .whitespacesAndNewlines)
        }
        kernel = line("/proc/sys/kernel/osrelease")
        let model = readText("/proc/cpuinfo")?.split(separator: "\n").first { $0.hasPrefix("model name") }
        processor = model?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
        cpus = ProcessInfo.processInfo.activeProcessorCount
        congestionControl = line("/proc/sys/net/ipv4/tcp_congestion_control")
        loadAverage = line("/proc/loadavg").split(separator: " ").prefix(3).joined(separator: " ")
    }

    /// Lines for the head of a report, warnings included.
    var description: [String] {
        var lines = [
            "kernel \(kernel), \(cpus) CPUs (\(processor)), congestion control \(congestionControl), load \(loadAverage)",
            "\(place), \(descriptors) descriptors a process",
        ]
        if congestionControl == "bbr" {
            lines.append("warning: bbr paces its sends and spends timers on it; for a plain run first set")
            lines.append("         sysctl net.ipv4.tcp_congestion_control=cubic (or reno)")
        }
        if let recent = loadAverage.split(separator: " ").first.flatMap({ Double($0) }), recent > Self.quietLoad {
            lines.append("warning: this machine is busy with other work, which takes CPU from peers and load alike")
        }
        return lines
    }
}
