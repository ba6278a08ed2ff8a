/// A number with two decimals.
func decimal(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    let hundredths = Int((value * 100).rounded())
    let rest = abs(hundredths % 100)
    return "\(hundredths < 0 ? "-" : "")\(abs(hundredths / 100)).\(rest < 10 ? "0" : "")\(rest)"
}

/// A part of 1 as a percentage.
func percent(_ value: Double) -> String { "\(decimal(value * 100))%" }

extension String {
    func padded(to width: Int, atLeft: Bool = true) -> String {
        let space = String(repeating: " ", count: max(0, width - count))
        return atLeft ? space + self : self + space
    }
}
