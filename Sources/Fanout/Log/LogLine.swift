import Logging

/// Writes the lines of the log: `2026-11-23T19:03:39.123Z info fanout: message key=value`, or a JSON object.
enum LogLine {
    /// The members every JSON line has; metadata under such a name gets an underscore.
    private static let reservedNames: Set<String> = ["ts", "level", "logger", "message"]

    /// Appends one line with its end; metadata is sorted by name.
    static func append(
        _ message: String,
        level: Logger.Level,
        logger: String,
        metadata: Logger.Metadata,
        time: UInt64,
        format: LogFormat,
        to line: inout LineBuffer
    ) {
        let sorted = metadata.sorted { $0.key < $1.key }
        switch format {
        case .text:
            line.append(epochNanoseconds: time, precision: .milliseconds)
            line.append(" ")
            line.append(line: level.rawValue)
            line.append(" ")
            line.append(line: logger)
            line.append(": ")
            line.append(line: message)
            for (name, value) in sorted {
                line.append(" ")
                line.append(logfmt: name)
                line.append("=")
                line.append(logfmt: value.description)
            }
            line.append("\n")
        case .json:
            line.append("{\"ts\":\"")
            line.append(epochNanoseconds: time, precision: .milliseconds)
            line.append("\",\"level\":")
            line.append(quoted: level.rawValue)
            line.append(",\"logger\":")
            line.append(quoted: logger)
            line.append(",\"message\":")
            line.append(quoted: message)
            for (name, value) in sorted {
                line.append(",")
                line.append(quoted: reservedNames.contains(name) ? name + "_" : name)
                line.append(":")
                append(value, to: &line)
            }
            line.append("}\n")
        }
    }

    /// A metadata value as JSON; texts stay texts, even those that look like numbers.
    private static func append(_ value: Logger.MetadataValue, to line: inout LineBuffer) {
        switch value {
        case .string(let text): line.append(quoted: text)
        case .stringConvertible(let value): line.append(quoted: value.description)
        case .array(let values):
            line.append("[")
            for (position, value) in values.enumerated() {
                if position > 0 { line.append(",") }
                append(value, to: &line)
            }
            line.append("]")
        case .dictionary(let members):
            line.append("{")
            for (position, member) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if position > 0 { line.append(",") }
                line.append(quoted: member.key)
                line.append(":")
                append(member.value, to: &line)
            }
            line.append("}")
        }
    }
}
