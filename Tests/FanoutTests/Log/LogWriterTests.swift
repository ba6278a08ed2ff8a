import Foundation
import Logging
import Reactor
import Testing

@testable import Fanout

/// A pipe whose reading end belongs to the test; both ends are closed with it.
private final class TestPipe {
    private(set) var reader: Int32
    let writer: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SystemError.last("pipe") }
        (reader, writer) = (ends[0], ends[1])
    }

    deinit {
        closeReader()
        close(writer)
    }

    func closeReader() {
        if reader >= 0 { close(reader) }
        reader = -1
    }

    /// Writes until there is no room; returns how many bytes.
    func fill() -> Int {
        let flags = fcntl(writer, F_GETFL)
        _ = fcntl(writer, F_SETFL, flags | O_NONBLOCK)
        defer { _ = fcntl(writer, F_SETFL, flags) }
        let bytes = [UInt8](repeating: UInt8(ascii: "."), count: 4096)
        var total = 0
        while case let count = unsafe write(writer, bytes, bytes.count), count > 0 { total += count }
        return total
    }

    /// Reads until `isEnough` says so, in vain after ten seconds.
    func read(until isEnough: (String) -> Bool) -> String {
        var bytes: [UInt8] = []
        let deadline = Deadline.now().advanced(by: 10_000_000_000)
        while Deadline.now() < deadline, !isEnough(String(decoding: bytes, as: UTF8.self)) {
            var entry = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&entry, 1, 100) > 0 else { continue }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = unsafe Foundation.read(reader, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

private func line(_ text: String) -> LineBuffer {
    var line = LineBuffer()
    line.append(line: text)
    line.append("\n")
    return line
}

private var soon: Deadline { Deadline.now().advanced(by: 10_000_000_000) }

@Suite struct LogWriterTests {
    @Test func writesBothStreamsInOrder() throws {
        let (log, access) = (try TestPipe(), try TestPipe())
        let writer = try LogWriter(log: log.writer, access: access.writer, format: .text)
        for number in 0..<1000 {
            #expect(writer.enqueue(line("log \(number)"), to: .log))
            #expect(writer.enqueue(line("access \(number)"), to: .access))
        }
        #expect(log.read { $0.hasSuffix("log 999\n") } == (0..<1000).map { "log \($0)\n" }.joined())
        #expect(access.read { $0.hasSuffix("access 999\n") } == (0..<1000).map { "access \($0)\n" }.joined())
        #expect(writer.stop(deadline: soon))
        #expect(writer.droppedLines == 0)
    }

    @Test func aFullPipeCostsLinesAndHoldsUpNobody() throws {
        let (log, access) = (try TestPipe(), try TestPipe())
        let writer = try LogWriter(log: log.writer, access: access.writer, format: .text, capacity: 4096)
        let text = line(String(repeating: "x", count: 99))
        let filling = access.fill()
        for number in 0..<100 { #expect(writer.enqueue(text, to: .access) == (number < 40)) }
        #expect(writer.droppedLines == 60)

        #expect(writer.enqueue(line("still here"), to: .log))
        #expect(log.read { $0.hasSuffix("\n") } == "still here\n")
        #expect(!writer.flush(deadline: Deadline.now()))

        let all = access.read { $0.utf8.count >= filling + 4000 }
        #expect(all.utf8.count == filling + 4000)
        let notice = log.read { $0.hasSuffix("\n") }
        #expect(notice.hasSuffix(" warning fanout: log lines dropped lines=60 stream=access\n"))
        #expect(writer.enqueue(line("again"), to: .access))
        #expect(access.read { $0.hasSuffix("\n") } == "again\n")
        #expect(writer.stop(deadline: soon))
    }

    @Test func aClosedPipeCostsLinesOnly() throws {
        let (log, access) = (try TestPipe(), try TestPipe())
        access.closeReader()
        let writer = try LogWriter(log: log.writer, access: access.writer, format: .json)
        for _ in 0..<3 {
            #expect(writer.enqueue(line("gone"), to: .access))
            #expect(writer.flush(deadline: soon))
        }
        #expect(writer.droppedLines == 3)
        #expect(writer.enqueue(line("here"), to: .log))
        #expect(log.read { $0.hasSuffix("\n") } == "here\n")
        #expect(writer.stop(deadline: soon))
    }

    @Test func aClosedDescriptorCostsLinesOnly() throws {
        let log = try TestPipe()
        let writer = try LogWriter(log: log.writer, access: 999_999, format: .text)
        writer.enqueue(line("nowhere"), to: .access)
        #expect(writer.flush(deadline: soon))
        #expect(writer.droppedLines == 1)
        writer.enqueue(line("here"), to: .log)
        #expect(log.read { $0.hasSuffix("\n") } == "here\n")
        #expect(writer.stop(deadline: soon))
    }

    @Test func manyThreadsLoseNothing() throws {
        let (log, access) = (try TestPipe(), try TestPipe())
        let writer = try LogWriter(log: log.writer, access: access.writer, format: .text)
        let threads = (0..<4).map { number in
            let thread = Thread { for count in 0..<500 { writer.enqueue(line("\(number) \(count)"), to: .log) } }
            thread.start()
            return thread
        }
        let lines = log.read { $0.utf8.count { $0 == UInt8(ascii: "\n") } == 2000 }.split(separator: "\n")
        for number in 0..<4 {
            let own = lines.filter { $0.hasPrefix("\(number) ") }
            #expect(own.map(String.init) == (0..<500).map { "\(number) \($0)" })
        }
        #expect(threads.count == 4)
        #expect(writer.stop(deadline: soon))
        #expect(writer.stop(deadline: soon))
    }

    @Test func loggersWriteThroughIt() throws {
        let (log, access) = (try TestPipe(), try TestPipe())
        let writer = try LogWriter(log: log.writer, access: access.writer, format: .text)
        var logger = Logger(label: "fanout") { label in
            FanoutLogHandler(logger: label, format: .text, level: .info, writer: writer) { 0 }
        }
        logger[metadataKey: "worker"] = "1"
        logger[metadataKey: "service"] = "redis"
        logger.debug("unseen")
        logger.warning("endpoint ejected", metadata: ["service": "pg", "reason": "connect refused"])
        #expect(
            log.read { $0.hasSuffix("\n") }
                == "1970-01-01T00:00:00.000Z warning fanout: endpoint ejected reason=\"connect refused\" service=pg worker=1\n"
        )
        #expect(writer.stop(deadline: soon))
    }
}
