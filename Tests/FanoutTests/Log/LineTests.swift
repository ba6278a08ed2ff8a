import Foundation
import Logging
import Testing

@testable import Fanout

private func line(_ write: (inout LineBuffer) -> Void) -> String {
    var line = LineBuffer()
    write(&line)
    return line.text
}

@Suite struct LineBufferTests {
    @Test(arguments: [0, 1, 9, 10, 99, 100, 12345, .max] as [UInt64])
    func decimals(value: UInt64) {
        #expect(line { $0.append(decimal: value) } == "\(value)")
        #expect(line { $0.append(decimal: Int64(truncatingIfNeeded: value)) } == "\(Int64(truncatingIfNeeded: value))")
        #expect(line { $0.append(decimal: Int64.min) } == "\(Int64.min)")
    }

    @Test(arguments: [
        ("plain", "plain"), ("127.0.0.1:80", "127.0.0.1:80"), ("", #""""#), ("-", #""-""#), ("--", "--"),
        ("a b", #""a b""#),
        ("a=b", #""a=b""#), (#"a"b"#, #""a\"b""#), (#"a\b"#, #""a\\b""#), ("a\nb", #""a\nb""#), ("é", "é"),
        ("a\u{1b}[31m", #""a\u001b[31m""#), ("\u{7f}", #""\u007f""#), ("\r\t", #""\r\t""#),
    ])
    func logfmt(text: String, expected: String) {
        #expect(line { $0.append(logfmt: text) } == expected)
    }

    @Test func quotedTextIsJSON() throws {
        let text = String(String.UnicodeScalarView((0...0x2ff).compactMap(Unicode.Scalar.init))) + "\u{2028}😀"
        let json = line { $0.append(quoted: text) }
        let decoded = try JSONDecoder().decode([String].self, from: Data("[\(json)]".utf8))
        #expect(decoded == [text])
        #expect(!json.utf8.contains { $0 < 0x20 || $0 == 0x7f })
    }

    /// 1970, a leap day, the end of a year, a century that is no leap year's, far ahead.
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_827_696_789_999_999, "2000-02-29T12:34:56.789Z"),
            (1_798_761_599_999_000_000, "2026-12-31T23:59:59.999Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000Z"),
            (.max, "2554-07-21T23:34:33.709Z"),
        ] as [(UInt64, String)]
    )
    func timestamps(nanoseconds: UInt64, expected: String) {
        #expect(line { $0.append(epochNanoseconds: nanoseconds, precision: .milliseconds) } == expected)
    }

    @Test func everyDayOfFourCenturies() {
        let formatter = ISO8601DateFormatter()
        for day in stride(from: 0, to: 146_097, by: 1) {
            let date = Date(timeIntervalSince1970: TimeInterval(day * 86400))
            let text = line { $0.append(epochNanoseconds: UInt64(day) * 86_400_000_000_000, precision: .microseconds) }
            guard text == formatter.string(from: date).dropLast() + ".000000Z" else {
                Issue.record("day \(day): \(text)")
                return
            }
        }
    }
}

@Suite struct AccessLogTests {
    static let record = AccessLogRecord(
        time: 1_795_460_619_123_456_789,
        connection: 17,
        service: "redis",
        worker: 1,
        client: "127.0.0.1:5555",
        endpoint: "10.0.0.1:6379",
        allocation: "2873cf75",
        attempts: 2,
        connectMicroseconds: 250,
        firstByteMicroseconds: 900,
        durationMicroseconds: 1_234_567,
        sentBytes: 10,
        receivedBytes: .max,
        state: .closed(.upstreamReset),
        errno: 104
    )

    static var missing: AccessLogRecord {
        var record = record
        (record.endpoint, record.allocation) = (nil, nil)
        (record.connectMicroseconds, record.firstByteMicroseconds) = (nil, nil)
        record.client = "unix:/a b"
        record.state = .open
        record.errno = -1
        return record
    }

    @Test func text() {
        let lines = line {
            let formatter = AccessLogFormatter(format: .text)
            formatter.append(Self.record, to: &$0)
            formatter.append(Self.missing, to: &$0)
        }
        #expect(
            lines == """
                ts=2026-11-23T19:03:39.123456Z conn=17 service=redis worker=1 client=127.0.0.1:5555 \
                endpoint=10.0.0.1:6379 alloc=2873cf75 attempts=2 connect_us=250 first_byte_us=900 \
                duration_us=1234567 tx_bytes=10 rx_bytes=18446744073709551615 close=upstream_reset errno=104
                ts=2026-11-23T19:03:39.123456Z conn=17 service=redis worker=1 client="unix:/a b" endpoint=- alloc=- \
                attempts=2 connect_us=- first_byte_us=- duration_us=1234567 tx_bytes=10 rx_bytes=18446744073709551615 \
                close=open errno=-1

                """
        )
    }

    @Test func json() throws {
        let text = line { AccessLogFormatter(format: .json).append(Self.missing, to: &$0) }
        #expect(
            text == """
                {"ts":"2026-11-23T19:03:39.123456Z","conn":17,"service":"redis","worker":1,"client":"unix:/a b",\
                "endpoint":null,"alloc":null,"attempts":2,"connect_us":null,"first_byte_us":null,"duration_us":1234567,\
                "tx_bytes":10,"rx_bytes":18446744073709551615,"close":"open","errno":-1}

                """
        )
        #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
    }

    @Test func reasonsAreThoseOfTheContract() {
        #expect(
            CloseReason.allCases.map(\.text) == [
                "client_fin", "upstream_fin", "client_reset", "upstream_reset", "connect_failed", "no_endpoint",
                "client_gone", "limit", "idle", "drained", "removed", "rebalanced",
            ]
        )
    }
}

@Suite struct LogLineTests {
    private func log(_ format: LogFormat, _ message: String, _ metadata: Logger.Metadata) -> String {
        line {
            LogLine.append(
                message,
                level: .info,
                logger: "fanout",
                metadata: metadata,
                time: 1_795_460_619_123_456_789,
                format: format,
                to: &$0
            )
        }
    }

    @Test func text() {
        let metadata: Logger.Metadata = ["b": "two words", "a": "1", "c": ["x", "y"]]
        #expect(log(.text, "ready", [:]) == "2026-11-23T19:03:39.123Z info fanout: ready\n")
        #expect(
            log(.text, "one\ntwo \"three\"", metadata)
                == #"2026-11-23T19:03:39.123Z info fanout: one\ntwo "three" a=1 b="two words" c="[\"x\", \"y\"]""#
                + "\n"
        )
    }

    @Test func json() throws {
        let metadata: Logger.Metadata = [
            "message": "own", "b": ["z": "1", "y": ["2", "3"]], "a": .stringConvertible(4),
        ]
        let text = log(.json, "one\n\"two\"", metadata)
        #expect(
            text == #"{"ts":"2026-11-23T19:03:39.123Z","level":"info","logger":"fanout","message":"one\n\"two\"","#
                + #""a":"4","b":{"y":["2","3"],"z":"1"},"message_":"own"}"# + "\n"
        )
        #expect(try JSONSerialization.jsonObject(with: Data(text.utf8)) is [String: Any])
    }
}
