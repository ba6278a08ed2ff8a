import Foundation

/// An inline SVG picture in the making; lengths are pixels. Lines and text take the page's colours.
struct Drawing {
    enum Anchor: String { case start, middle, end }

    let width: Double
    let height: Double
    /// What the picture shows, for those who cannot see it.
    let label: String
    private var body = ""

    init(width: Double, height: Double, label: String) {
        self.width = width
        self.height = height
        self.label = label
    }

    var svg: String {
        element(
            "svg",
            "viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\" width=\"\(Self.number(width))\" "
                + "role=\"img\" aria-label=\"\(escaped(label))\"",
            body
        )
    }

    mutating func text(_ text: String, x: Double, y: Double, _ anchor: Anchor = .start, bold: Bool = false) {
        let weight = bold ? " font-weight=\"600\"" : ""
        let place = "x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" text-anchor=\"\(anchor.rawValue)\"\(weight)"
        body += element("text", place, escaped(text))
    }

    mutating func line(x1: Double, y1: Double, x2: Double, y2: Double, strong: Bool = false) {
        body += "<line class=\"\(strong ? "axis" : "grid")\" x1=\"\(Self.number(x1))\" y1=\"\(Self.number(y1))\" "
        body += "x2=\"\(Self.number(x2))\" y2=\"\(Self.number(y2))\"/>"
    }

    mutating func dot(x: Double, y: Double, colour: String, hollow: Bool, title: String) {
        let paint = hollow ? "fill=\"var(--paper)\" stroke=\"\(colour)\" stroke-width=\"2\"" : "fill=\"\(colour)\""
        let place = "cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"\(hollow ? "4.2" : "5")\" \(paint)"
        body += element("circle", place, element("title", escaped(title)))
    }

    mutating func bar(x: Double, y: Double, width: Double, height: Double, colour: String, faint: Bool, title: String) {
        let place = "x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(max(0, width)))\" "
        let paint = "height=\"\(Self.number(height))\" fill=\"\(colour)\"\(faint ? " fill-opacity=\"0.45\"" : "")"
        body += element("rect", place + paint, element("title", escaped(title)))
    }

    mutating func path(_ points: [(x: Double, y: Double)], colour: String, title: String, strong: Bool) {
        let list = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }.joined(separator: " ")
        let stroke = "stroke=\"\(colour)\" stroke-width=\"\(strong ? "2.8" : "1.7")\""
        body += element("polyline", "points=\"\(list)\" fill=\"none\" \(stroke)", element("title", escaped(title)))
    }

    private static func number(_ value: Double) -> String {
        value.formatted(.number.precision(.fractionLength(0...1)).grouping(.never).locale(Locale(identifier: "en_US")))
    }
}

/// Values to lengths, in powers of ten.
struct LogScale {
    private let low: Double
    private let high: Double
    private let from: Double
    private let to: Double

    /// Maps `values`, which are positive, to the lengths `from` to `to`, with a little room at both ends.
    init(_ values: [Double], from: Double, to: Double) {
        let least = values.min() ?? 1
        let most = max(values.max() ?? 10, least * 1.5)
        low = log10(least * 0.93)
        high = log10(most * 1.07)
        self.from = from
        self.to = to
    }

    func place(_ value: Double) -> Double { from + (log10(value) - low) / (high - low) * (to - from) }

    /// 1, 2 and 5 times the powers of ten within; powers alone when that would be many.
    var ticks: [Double] {
        let powers = Int(low.rounded(.down))...Int(high.rounded(.up))
        let factors: [Double] = high - low > 2.5 ? [1] : [1, 2, 5]
        return powers.flatMap { power in factors.map { $0 * pow(10, Double(power)) } }
            .filter { log10($0) >= low && log10($0) <= high }
    }
}
