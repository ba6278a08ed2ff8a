/// Numbers as people read them; a dash for what is not known.
enum Figures {
    static let unknown = "-"

    /// `9,931`, from 100,000 on `123 k`.
    static func count(_ value: some BinaryInteger) -> String {
        guard value >= 100_000 else { return grouped(UInt64(clamping: value)) }
        return scaled(Double(value), [" k", " M", " G", " T"], base: 1000, from: 1000)
    }

    /// `17/s`, `0.42/s`.
    static func perSecond(_ value: Double?) -> String {
        value.map { "\(rate($0))/s" } ?? unknown
    }

    /// The same without its unit.
    static func rate(_ value: Double) -> String { value >= 100 ? count(Int(clamped: value)) : plain(value) }

    /// Three significant digits: `0.42`, `17`, `1.30`.
    static func plain(_ value: Double) -> String {
        value == value.rounded() && value < 10
            ? digits(value, 0) : digits(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0)
    }

    static func bytes(_ value: some BinaryInteger) -> String {
        guard value >= 1024 else { return "\(value) B" }
        return scaled(Double(value), [" KiB", " MiB", " GiB", " TiB", " PiB"], base: 1024, from: 1024)
    }

    static func bytes(_ value: Double) -> String { bytes(Int(clamped: value)) }

    static func byteRate(_ value: Double?) -> String { value.map { "\(bytes($0))/s" } ?? unknown }

    /// A time that is short as a rule: `85 µs`, `1.30 ms`, `2.00 s`.
    static func latency(_ seconds: Double?) -> String {
        guard let seconds, seconds.isFinite else { return unknown }
        if seconds < 0.0009995 { return "\(digits(seconds * 1e6, 0)) µs" }
        if seconds < 0.9995 { return "\(plain(seconds * 1000)) ms" }
        return "\(plain(seconds)) s"
    }

    /// The two greatest units of a length of time: `4.2 s`, `5 min 3 s`, `3 h 5 min`.
    static func age(_ seconds: Double?) -> String {
        guard let seconds, seconds.isFinite else { return unknown }
        guard seconds >= 10 else { return "\(digits(max(0, seconds), 1)) s" }
        let whole = Int(clamped: seconds)
        let (days, hours, minutes) = (whole / 86400, whole / 3600 % 24, whole / 60 % 60)
        if days > 0 { return "\(days) d \(hours) h" }
        if hours > 0 { return "\(hours) h \(minutes) min" }
        return minutes > 0 ? "\(minutes) min \(whole % 60) s" : "\(whole) s"
    }

    /// `1 connection`, `2 connections`.
    static func counted(_ value: some BinaryInteger, _ noun: String) -> String {
        "\(count(value)) \(noun)\(value == 1 ? "" : "s")"
    }

    private static func scaled(_ value: Double, _ units: [String], base: Double, from first: Double) -> String {
        var rest = value / first
        var unit = 0
        while rest >= base * 0.9995, unit + 1 < units.count {
            rest /= base
            unit += 1
        }
        return plain(rest) + units[unit]
    }

    private static func grouped(_ value: UInt64) -> String {
        guard value >= 1000 else { return "\(value)" }
        let rest = value % 1000
        return "\(grouped(value / 1000)),\(rest < 10 ? "00" : rest < 100 ? "0" : "")\(rest)"
    }

    /// `value` with so many digits after the point; full Foundation alone has a format for that.
    private static func digits(_ value: Double, _ places: Int) -> String {
        let factor = [1, 10, 100][places]
        let whole = Int(clamped: (value * Double(factor)).rounded())
        guard places > 0 else { return "\(whole)" }
        let fraction = "\(whole % factor)"
        return "\(whole / factor).\(String(repeating: "0", count: places - fraction.count))\(fraction)"
    }
}

extension Int {
    /// The nearest number that there is, without a trap.
    fileprivate init(clamped value: Double) {
        self = value.isFinite ? Int(Swift.max(0, Swift.min(value, 9e18))) : 0
    }
}
