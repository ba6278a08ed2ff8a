import Glibc

/// Wall-clock time as nanoseconds since 1970, and its text in ISO 8601.
enum Timestamp {
    /// How finely a time is written.
    enum Precision: Sendable {
        case milliseconds
        case microseconds
    }

    /// clock_gettime(2), CLOCK_REALTIME: for people to read, never to measure with.
    static func now() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }
}

extension LineBuffer {
    /// `2026-11-23T19:03:39.123Z`.
    mutating func append(epochNanoseconds: UInt64, precision: Timestamp.Precision) {
        let seconds = epochNanoseconds / 1_000_000_000
        let fraction = epochNanoseconds % 1_000_000_000
        let (year, month, day) = Self.date(daysSince1970: seconds / 86400)
        append(padded: year, digits: 4)
        append(UInt8(ascii: "-"))
        append(padded: month, digits: 2)
        append(UInt8(ascii: "-"))
        append(padded: day, digits: 2)
        append(UInt8(ascii: "T"))
        append(padded: seconds % 86400 / 3600, digits: 2)
        append(UInt8(ascii: ":"))
        append(padded: seconds % 3600 / 60, digits: 2)
        append(UInt8(ascii: ":"))
        append(padded: seconds % 60, digits: 2)
        append(UInt8(ascii: "."))
        switch precision {
        case .milliseconds: append(padded: fraction / 1_000_000, digits: 3)
        case .microseconds: append(padded: fraction / 1000, digits: 6)
        }
        append(UInt8(ascii: "Z"))
    }

    /// The Gregorian date: years are counted from 1 March 0000, so that the leap day ends them
    /// (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
    private static func date(daysSince1970: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
        let days = daysSince1970 + 719_468
        let era = days / 146_097
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
