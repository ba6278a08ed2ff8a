import Logging

/// swift-log's way into a ``LogWriter``; logging never blocks, a full queue costs lines.
struct FanoutLogHandler: LogHandler {
    private let logger: String
    private let format: LogFormat
    private let writer: LogWriter
    private let now: @Sendable () -> UInt64

    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    /// `now` gives nanoseconds since 1970.
    init(
        logger: String,
        format: LogFormat,
        level: Logger.Level,
        writer: LogWriter,
        now: @escaping @Sendable () -> UInt64 = Timestamp.now
    ) {
        self.logger = logger
        self.format = format
        self.writer = writer
        self.now = now
        logLevel = level
    }

    subscript(metadataKey name: String) -> Logger.Metadata.Value? {
        get { metadata[name] }
        set { metadata[name] = newValue }
    }

    func log(event: LogEvent) {
        var merged = metadata
        if let provided = metadataProvider?.get() { merged.merge(provided) { _, later in later } }
        if let own = event.metadata { merged.merge(own) { _, later in later } }
        if let error = event.error, merged["error"] == nil { merged["error"] = "\(error)" }
        var line = LineBuffer()
        LogLine.append(
            event.message.description,
            level: event.level,
            logger: logger,
            metadata: merged,
            time: now(),
            format: format,
            to: &line
        )
        writer.enqueue(line, to: .log)
    }
}
