import Foundation
import Reactor
import Testing

@testable import Fanout

@Suite struct AccessLoggerTests {
    /// At the end of the process the supervisor drains what is left, while the log's own thread is still there.
    @Test func aRecordIsWrittenOnceAlthoughTwoThreadsDrain() throws {
        let name = "access-\(UInt64.random(in: 0...(.max)))"
        let path = FileManager.default.temporaryDirectory.appending(path: name).path
        #expect(FileManager.default.createFile(atPath: path, contents: nil))
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try #require(FileHandle(forWritingAtPath: path))
        let doorbell = try Wakeup()
        let records = try AccessRecords(doorbell: doorbell)
        let writer = try LogWriter(access: file.fileDescriptor, format: .json, capacity: 64 << 20)
        let publication = try Publication(first: EndpointSnapshot(version: 1, services: [nil]), wakeups: [])
        let loads = try LoadTable(workers: 1, slots: SlotBook.capacity)
        let logger = AccessLogger(
            records: [records],
            doorbell: doorbell,
            writer: writer,
            format: .json,
            services: ["web"],
            registry: EndpointRegistry(
                services: 1,
                publication: publication,
                loads: loads,
                statistics: try EndpointStatistics(workers: 1, slots: SlotBook.capacity)
            )
        )
        try logger.start()
        let count: UInt64 = 20_000
        for number in 0..<count {
            while !records.append(Self.record(number)) { logger.drain() }
            if number % 200 == 199 { logger.drain() }
        }
        while logger.drain() > 0 {}
        writer.stop(deadline: .now().advanced(by: 10_000_000_000))
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        #expect(lines.count == Int(count))
        #expect(Set(lines).count == lines.count, "lines were written twice")
    }

    private static func record(_ number: UInt64) -> AccessRecord {
        AccessRecord(
            connection: number,
            endpoint: 0,
            at: .now(),
            durationMicroseconds: 0,
            txBytes: 0,
            rxBytes: 0,
            connectMicroseconds: 0,
            firstByteMicroseconds: 0,
            error: 0,
            service: 0,
            attempts: 1,
            worker: 0,
            reason: .clientFin,
            isOpen: false,
            client: CompactAddress()
        )
    }
}
