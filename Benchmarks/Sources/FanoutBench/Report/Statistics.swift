/// Median with the smallest and the largest value.
struct Spread: Codable {
    let median: Double
    let minimum: Double
    let maximum: Double

    /// Nil without values.
    init?(_ values: [Double]) {
        let sorted = values.sorted()
        guard let first = sorted.first, let last = sorted.last else { return nil }
        let middle = sorted.count / 2
        median = sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
        minimum = first
        maximum = last
    }

    func scaled(by factor: Double) -> String {
        guard minimum < maximum else { return short(median * factor) }
        return "\(short(median * factor)) (\(short(minimum * factor))-\(short(maximum * factor)))"
    }
}

/// Three significant digits, as a table wants them.
func short(_ value: Double) -> String {
    let magnitude = abs(value)
    let digits = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3
    return value.formatted(.number.precision(.fractionLength(digits)).grouping(.never))
}
