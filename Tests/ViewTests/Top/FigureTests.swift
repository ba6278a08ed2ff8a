import Testing

@testable import Fanout

@Suite struct FigureTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (9931, "9,931"), (99_999, "99,999"), (100_000, "100 k"),
        (123_456_789, "123 M"), (1_234_567, "1.23 M"), (-1, "0"),
    ])
    func counts(value: Int, expected: String) { #expect(Figures.count(value) == expected) }

    @Test(arguments: [
        (0 as UInt64, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1_048_575, "1.00 MiB"), (1536, "1.50 KiB"),
        (64 << 20, "64.0 MiB"), (.max, "16384 PiB"),
    ])
    func bytes(value: UInt64, expected: String) { #expect(Figures.bytes(value) == expected) }

    @Test(
        arguments: [
            (nil, "-"), (0.000085, "85 µs"), (0.00026, "260 µs"), (0.0009996, "1.00 ms"), (0.0013, "1.30 ms"),
            (0.9999, "1.00 s"), (12.34, "12.3 s"), (.nan, "-"), (.infinity, "-"),
        ] as [(Double?, String)]
    )
    func latencies(value: Double?, expected: String) { #expect(Figures.latency(value) == expected) }

    @Test(
        arguments: [
            (nil, "-"), (4.24, "4.2 s"), (42, "42 s"), (303, "5 min 3 s"), (11_100, "3 h 5 min"), (200_000, "2 d 7 h"),
            (-5, "0.0 s"), (1e300, "104166666666666 d 16 h"),
        ] as [(Double?, String)]
    )
    func ages(value: Double?, expected: String) { #expect(Figures.age(value) == expected) }

    @Test(
        arguments: [(nil, "-"), (0, "0/s"), (0.42, "0.42/s"), (17.04, "17.0/s"), (1234, "1,234/s")]
            as [(Double?, String)]
    )
    func rates(value: Double?, expected: String) { #expect(Figures.perSecond(value) == expected) }
}
