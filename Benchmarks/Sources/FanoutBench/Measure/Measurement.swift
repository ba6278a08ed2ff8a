/// What was measured of one peer in one run.
struct Measurement: Codable {
    /// How long the run was to take.
    var plannedSeconds = 0.0
    /// Wall time of the measured window.
    var seconds = 0.0
    /// CPU seconds of the peer within the window; 0 where there is no peer to measure.
    var cpuSeconds = 0.0
    /// CPU seconds of load and backend within the window: when neither they nor the peer fill their CPU, others do.
    var loadCPUSeconds = 0.0
    /// GiB, round trips, connections, requests or seconds held.
    var units = 0.0
    /// Latency of a round trip, a request or a whole connection in microseconds; 0 where it is not known.
    var p50 = 0.0
    var p99 = 0.0
    var p999 = 0.0
    /// Latency in microseconds at each of ``Histogram/curve``; empty where there is none.
    var curve: [Double] = []
    /// Connections that failed, ended early or never moved a byte.
    var errors = 0
    /// Connections held, for idle.
    var held = 0
    /// Memory before and with the connections held, for idle.
    var memoryBefore: MemoryUse?
    var memoryHeld: MemoryUse?
    var kernelBefore: KernelMemory?
    var kernelHeld: KernelMemory?

    mutating func take(_ latencies: Histogram) {
        guard !latencies.isEmpty else { return }
        p50 = latencies.microseconds(at: 0.5)
        p99 = latencies.microseconds(at: 0.99)
        p999 = latencies.microseconds(at: 0.999)
        curve = Histogram.curve.map { latencies.microseconds(at: $0) }
    }
}
