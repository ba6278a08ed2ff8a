import Glibc
import Reactor
import Synchronization

/// Turns the workers' access records into lines, on a thread of its own.
///
/// It sleeps while there is nothing to write. While there is, it looks every ``pause``, so that a busy worker rings
/// its doorbell about never.
final class AccessLogger: Sendable {
    private static let pause: Int32 = 50
    /// Lines handed to the writer before it is waited for, so that a burst does not overrun its queue.
    private static let batch = 1_024
    /// How long a slow reader is waited for with each batch; meanwhile the workers' queues fill, and then drop.
    private static let writerPatience: UInt64 = 200_000_000

    private let records: [AccessRecords]
    private let doorbell: Wakeup
    private let writer: LogWriter
    private let formatter: AccessLogFormatter
    private let services: [String]
    private let registry: EndpointRegistry
    /// Records so far; its lock makes one reader of the two threads that drain at the end of the process.
    private let written = Locked<UInt64>(0)
    private let isFinishing = Atomic<Bool>(false)

    init(
        records: [AccessRecords],
        doorbell: Wakeup,
        writer: LogWriter,
        format: LogFormat,
        services: [String],
        registry: EndpointRegistry
    ) {
        self.records = records
        self.doorbell = doorbell
        self.writer = writer
        formatter = AccessLogFormatter(format: format)
        self.services = services
        self.registry = registry
    }

    /// Runs until the process ends.
    func start() throws(SystemError) {
        _ = try Thread(name: "access-log") { self.run() }
    }

    private func run() {
        while true {
            let mayRest = drain() == 0
            let isQuiet = mayRest && records.reduce(true) { $1.readerMaySleep() && $0 }
            var entry = pollfd(fd: doorbell.descriptor, events: Int16(POLLIN), revents: 0)
            _ = unsafe poll(&entry, 1, isQuiet ? -1 : Self.pause)
            doorbell.clear()
        }
    }

    /// Writes the last records, when the workers have gone; does not wait for a slow reader any more.
    func finish() {
        isFinishing.store(true, ordering: .relaxed)
        drain()
    }

    /// Writes what is there.
    @discardableResult
    func drain() -> Int {
        written.with { written in
            let count = drainAlone()
            written += UInt64(count)
            return count
        }
    }

    private func drainAlone() -> Int {
        let clocks = Clocks()
        var lines = LineBuffer()
        var count = 0
        for queue in records {
            queue.drain { record in
                formatter.append(text(of: record, clocks), to: &lines)
                writer.enqueue(lines, to: .access)
                lines.removeAll()
                count += 1
                if count.isMultiple(of: Self.batch), !isFinishing.load(ordering: .relaxed) {
                    writer.flush(deadline: .now().advanced(by: Self.writerPatience))
                }
            }
        }
        return count
    }

    private func text(of record: AccessRecord, _ clocks: Clocks) -> AccessLogRecord {
        let endpoint = record.endpoint == 0 ? nil : registry.assignment(of: record.endpoint)?.endpoint
        return AccessLogRecord(
            time: clocks.wallTime(of: record.at),
            connection: record.connection,
            service: services[Int(record.service)],
            worker: Int(record.worker),
            client: record.client.text,
            endpoint: endpoint?.address.description,
            allocation: endpoint.flatMap { $0.allocationID.isEmpty ? nil : $0.allocationID },
            attempts: Int(record.attempts),
            connectMicroseconds: measured(record.connectMicroseconds),
            firstByteMicroseconds: measured(record.firstByteMicroseconds),
            durationMicroseconds: record.durationMicroseconds,
            sentBytes: record.txBytes,
            receivedBytes: record.rxBytes,
            state: record.isOpen ? .open : .closed(record.reason),
            errno: record.error
        )
    }

    private func measured(_ microseconds: UInt32) -> UInt64? {
        microseconds == Session.unknownMicroseconds ? nil : UInt64(microseconds)
    }
}

/// The monotonic clock of workers beside the wall clock of logs, read at one moment.
struct Clocks {
    private let monotonic = Deadline.now()
    private let wall = Timestamp.now()

    /// Nanoseconds since 1970.
    func wallTime(of moment: Deadline) -> UInt64 {
        let age = monotonic.since(moment)
        return wall > age ? wall - age : 0
    }
}
