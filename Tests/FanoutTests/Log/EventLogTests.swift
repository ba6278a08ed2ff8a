import Logging
import Testing

@testable import Fanout

@Suite struct EventLogTests {
    /// Whatever level the log itself has; and nothing below info.
    @Test func eventsAreKeptBesideTheLog() throws {
        let events = EventLog()
        let logger = Logger(label: "test") { _ in
            var silent = EventLogHandler(EventLog())
            silent.logLevel = .critical
            return MultiplexLogHandler([silent, EventLogHandler(events)])
        }
        logger.debug("not worth a look")
        logger.info("endpoints changed", metadata: ["service": "redis", "added": "a b"])
        logger.error("line\nend")
        #expect(events.newest.map(\.text) == [#"endpoints changed added="a b" service=redis"#, #"line\nend"#])
        #expect(events.newest.map(\.level) == [.info, .error])
    }

    @Test func theOldestMakeRoom() {
        let events = EventLog()
        for number in 0..<250 { events.append(.info, "\(number)", at: UInt64(number)) }
        #expect(events.newest.count == EventLog.capacity)
        #expect(events.newest.first?.text == "150")
        #expect(events.newest.last?.text == "249")
    }

    @Test func aTextIsBounded() {
        let events = EventLog()
        events.append(.info, String(repeating: "ü", count: 100_000), at: 0)
        #expect((events.newest.first?.text.utf8.count ?? .max) < 1_100)
    }
}
