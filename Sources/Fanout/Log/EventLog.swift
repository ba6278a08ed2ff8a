import Logging
import Reactor

/// The last log lines worth an operator's look, kept for the admin endpoint. Any thread.
final class EventLog: Sendable {
    struct Event: Sendable {
        /// Nanoseconds since 1970.
        let time: UInt64
        let level: Logger.Level
        let text: String
    }

    static let capacity = 100
    /// Of a text, in bytes.
    private static let longestText = 1_000

    private let events = Locked<[Event]>([])

    func append(_ level: Logger.Level, _ text: String, at time: UInt64) {
        let event = Event(time: time, level: level, text: text.excerpt(Self.longestText))
        events.with { events in
            if events.count == Self.capacity { events.removeFirst() }
            events.append(event)
        }
    }

    /// The newest last.
    var newest: [Event] { events.with { $0 } }
}

/// swift-log's way into an ``EventLog``, beside the one to the log itself and whatever level that has.
struct EventLogHandler: LogHandler {
    private let events: EventLog

    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(_ events: EventLog) { self.events = events }

    subscript(metadataKey name: String) -> Logger.Metadata.Value? {
        get { metadata[name] }
        set { metadata[name] = newValue }
    }

    func log(event: LogEvent) {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { _, later in later } }
        if let own = event.metadata { merged.merge(own) { _, later in later } }
        var line = LineBuffer()
        line.append(line: event.message.description)
        for (name, value) in merged.sorted(by: { $0.key < $1.key }) {
            line.append(" ")
            line.append(logfmt: name)
            line.append("=")
            line.append(logfmt: value.description)
        }
        events.append(event.level, line.text, at: Timestamp.now())
    }
}
