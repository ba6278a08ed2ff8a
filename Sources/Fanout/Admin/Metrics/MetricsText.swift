/// Metrics in Prometheus's text format, version 0.0.4: families one after the other, each with its samples.
struct MetricsText {
    enum Kind: String {
        case counter
        case gauge
        case histogram
    }

    struct Label {
        let name: StaticString
        let value: String

        init(_ name: StaticString, _ value: some CustomStringConvertible) {
            self.name = name
            self.value = value.description
        }
    }

    /// The part of a histogram's bounds that makes sense for what it measures.
    enum Scale {
        /// 10 µs to 10 s.
        case latency
        /// 1 ms to a day.
        case lifetime

        fileprivate var ranges: Range<Int> {
            switch self {
            case .latency: 0..<19
            case .lifetime: 6..<Histogram.bounded
            }
        }
    }

    private var line = LineBuffer()
    private var name: StaticString = ""

    var bytes: [UInt8] { line.bytes }

    /// Begins a family; a name begins once. Samples of one family have different labels.
    mutating func family(_ name: StaticString, _ kind: Kind, _ help: StaticString) {
        self.name = name
        line.append("# HELP ")
        line.append(name)
        line.append(" ")
        line.append(help)
        line.append("\n# TYPE ")
        line.append(name)
        line.append(" ")
        line.append(line: kind.rawValue)
        line.append("\n")
    }

    mutating func sample(_ value: UInt64, _ labels: Label...) { sample(value, labels) }

    mutating func sample(_ value: UInt64, _ labels: [Label]) {
        begin("", labels)
        line.append(decimal: value)
        line.append("\n")
    }

    mutating func sample(_ value: Double, _ labels: Label...) {
        begin("", labels)
        line.append(line: value.description)
        line.append("\n")
    }

    /// The three kinds of samples that a histogram has; its times are microseconds, those of the text seconds.
    mutating func sample(_ reading: HistogramReading, _ scale: Scale, _ labels: Label...) {
        var reached: UInt64 = 0
        for (range, count) in reading.counts.enumerated() {
            reached &+= count
            guard scale.ranges.contains(range) else { continue }
            bucket(Double(Histogram.bound(range)) / 1e6, reached, labels)
        }
        bucket(.infinity, reached, labels)
        begin("_sum", labels)
        line.append(line: (Double(reading.sum) / 1e6).description)
        line.append("\n")
        begin("_count", labels)
        line.append(decimal: reached)
        line.append("\n")
    }

    private mutating func bucket(_ bound: Double, _ count: UInt64, _ labels: [Label]) {
        begin("_bucket", labels + [Label("le", bound.isInfinite ? "+Inf" : bound.description)])
        line.append(decimal: count)
        line.append("\n")
    }

    private mutating func begin(_ suffix: StaticString, _ labels: [Label]) {
        line.append(name)
        line.append(suffix)
        if !labels.isEmpty {
            for (index, label) in labels.enumerated() {
                line.append(index == 0 ? "{" : ",")
                line.append(label.name)
                line.append("=\"")
                append(escaped: label.value)
                line.append("\"")
            }
            line.append("}")
        }
        line.append(" ")
    }

    /// Three characters are escaped and no others ("Exposition formats", "Line format").
    private mutating func append(escaped text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): line.append("\\\\")
            case UInt8(ascii: "\""): line.append("\\\"")
            case UInt8(ascii: "\n"): line.append("\\n")
            case _: line.append(byte)
            }
        }
    }
}
