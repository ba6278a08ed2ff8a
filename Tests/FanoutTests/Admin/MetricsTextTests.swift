import Reactor
import Testing

@testable import Fanout

@Suite struct MetricsTextTests {
    private func text(_ body: (inout MetricsText) -> Void) -> String {
        var metrics = MetricsText()
        body(&metrics)
        return String(decoding: metrics.bytes, as: UTF8.self)
    }

    @Test func aFamilyHasItsHelpItsTypeAndItsSamples() {
        let text = text {
            $0.family("fanout_bytes_total", .counter, "Bytes.")
            $0.sample(UInt64.max, .init("service", "redis"), .init("direction", "tx"))
            $0.family("fanout_workers", .gauge, "Threads.")
            $0.sample(UInt64(0))
            $0.sample(1.5)
        }
        #expect(
            text == """
                # HELP fanout_bytes_total Bytes.
                # TYPE fanout_bytes_total counter
                fanout_bytes_total{service="redis",direction="tx"} 18446744073709551615
                # HELP fanout_workers Threads.
                # TYPE fanout_workers gauge
                fanout_workers 0
                fanout_workers 1.5

                """
        )
    }

    @Test(arguments: [
        (#"a"b"#, #"a\"b"#), (#"a\b"#, #"a\\b"#), ("a\nb", #"a\nb"#), ("ü\t{}", "ü\t{}"), ("", ""),
    ])
    func labelsAreEscaped(_ value: String, _ expected: String) {
        let text = text {
            $0.family("x", .gauge, "X.")
            $0.sample(UInt64(1), .init("service", value))
        }
        #expect(text.split(separator: "\n").last == #"x{service="\#(expected)"} 1"#)
    }

    /// Buckets are cumulative; what lies below the first bound or beyond the last is in those after it.
    @Test func histogramsAreCumulativeAndInSeconds() {
        var counts = Array(repeating: UInt64(0), count: Histogram.bounded + 1)
        counts[0] = 1
        counts[6] = 2
        counts[Histogram.bounded] = 4
        let reading = HistogramReading(counts: counts, sum: 2_500_000)
        let lines = text {
            $0.family("d", .histogram, "D.")
            $0.sample(reading, .lifetime, .init("service", "s"))
        }.split(separator: "\n").dropFirst(2)
        #expect(lines.first == #"d_bucket{service="s",le="0.001"} 3"#)
        #expect(lines.contains(#"d_bucket{service="s",le="86400.0"} 3"#))
        #expect(
            lines.suffix(3) == [
                #"d_bucket{service="s",le="+Inf"} 7"#, #"d_sum{service="s"} 2.5"#, #"d_count{service="s"} 7"#,
            ]
        )
        let latency = text { $0.sample(reading, .latency) }.split(separator: "\n")
        #expect(latency.first == #"_bucket{le="1e-05"} 1"#)
    }

    @Test func servicesThatShareALabelAreOneSeries() {
        let services = ["a", "b", "a"].map { Inspector.Service(label: $0, namespace: nil, listen: "") }
        let labels = ServiceLabel.all(services)
        #expect(labels.map(\.text) == ["a", "b"])
        #expect(labels.map(\.services) == [[0, 2], [1]])
    }
}
