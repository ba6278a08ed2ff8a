/// Writes access log lines; the names and the order of their fields are part of the operators' contract.
///
/// Fields are appended as bytes, without strings in between: 50,000 lines a second must leave the core mostly free.
struct AccessLogFormatter: Sendable {
    private let isJSON: Bool

    init(format: LogFormat) {
        switch format {
        case .text: isJSON = false
        case .json: isJSON = true
        }
    }

    /// Appends one line with its end.
    func append(_ record: AccessLogRecord, to line: inout LineBuffer) {
        line.append(isJSON ? "{\"ts\":\"" : "ts=")
        line.append(epochNanoseconds: record.time, precision: .microseconds)
        if isJSON { line.append(UInt8(ascii: "\"")) }
        number("conn", record.connection, &line)
        text("service", record.service, &line)
        number("worker", Int64(record.worker), &line)
        text("client", record.client, &line)
        text("endpoint", record.endpoint, &line)
        text("alloc", record.allocation, &line)
        number("attempts", Int64(record.attempts), &line)
        number("connect_us", record.connectMicroseconds, &line)
        number("first_byte_us", record.firstByteMicroseconds, &line)
        number("duration_us", record.durationMicroseconds, &line)
        number("tx_bytes", record.sentBytes, &line)
        number("rx_bytes", record.receivedBytes, &line)
        switch record.state {
        case .open: text("close", "open", &line)
        case .closed(let reason): text("close", reason.text, &line)
        }
        number("errno", Int64(record.errno), &line)
        line.append(isJSON ? "}\n" : "\n")
    }

    private func number(_ name: StaticString, _ value: UInt64?, _ line: inout LineBuffer) {
        begin(name, &line)
        if let value { line.append(decimal: value) } else { missing(&line) }
    }

    private func number(_ name: StaticString, _ value: Int64, _ line: inout LineBuffer) {
        begin(name, &line)
        line.append(decimal: value)
    }

    private func text(_ name: StaticString, _ value: String?, _ line: inout LineBuffer) {
        begin(name, &line)
        guard let value else { return missing(&line) }
        if isJSON { line.append(quoted: value) } else { line.append(logfmt: value) }
    }

    private func missing(_ line: inout LineBuffer) { line.append(isJSON ? "null" : "-") }

    private func begin(_ name: StaticString, _ line: inout LineBuffer) {
        line.append(isJSON ? ",\"" : " ")
        line.append(name)
        line.append(isJSON ? "\":" : "=")
    }
}
