/// A length of time as operators write it: `50us`, `500ms`, `2s`, `1m`, `1h`, or `0`.
///
/// Whole numbers of one unit only; kept in nanoseconds, so that nothing is rounded.
struct Interval: Hashable, Comparable, Sendable {
    let nanoseconds: UInt64

    static let zero = Interval(nanoseconds: 0)

    /// The units in the order in which ``description`` tries them, longest first.
    private static let units: [(name: String, nanoseconds: UInt64)] = [
        ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000),
        ("us", 1_000),
    ]

    init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    static func seconds(_ count: UInt64) -> Interval { Interval(nanoseconds: count * 1_000_000_000) }

    init(parsing text: String) throws(InvalidValue) {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let unit = text.utf8.dropFirst(digits.count)
        guard !digits.isEmpty else { throw Self.malformed }
        guard let count = UInt64(String(decoding: digits, as: UTF8.self)) else { throw Self.tooLong }
        if unit.isEmpty, count == 0 {
            self = .zero
            return
        }
        guard let (_, factor) = Self.units.first(where: { unit.elementsEqual($0.name.utf8) }) else {
            throw Self.malformed
        }
        let (product, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw Self.tooLong }
        nanoseconds = product
    }

    private static let malformed = InvalidValue("a whole number with a unit (50us, 500ms, 2s, 1m, 1h), or 0")
    private static let tooLong = InvalidValue("a duration below 500 years")

    var wholeSeconds: UInt64? {
        nanoseconds.isMultiple(of: 1_000_000_000) ? nanoseconds / 1_000_000_000 : nil
    }

    static func < (left: Interval, right: Interval) -> Bool { left.nanoseconds < right.nanoseconds }
}

extension Interval: CustomStringConvertible {
    /// The same length of time in the longest unit that holds it exactly; ``init(parsing:)`` reads it back.
    var description: String {
        guard nanoseconds > 0 else { return "0" }
        for (name, factor) in Self.units where nanoseconds.isMultiple(of: factor) {
            return "\(nanoseconds / factor)\(name)"
        }
        return "\(nanoseconds)ns"
    }
}
