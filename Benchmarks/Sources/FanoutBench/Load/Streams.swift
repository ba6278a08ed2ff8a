import CBench
import Glibc

/// The size of a small message.
let messageSize = 64

/// Either end of a bulk connection: sends zeros as long as the socket takes them, if it sends at all, and throws away
/// what comes.
final class BulkStream: Handler {
    private static let readSize = 1 << 20
    private unowned let load: Load
    private let sends: Bool

    init(_ descriptor: Int32, load: Load, sends: Bool) {
        self.load = load
        self.sends = sends
        super.init(descriptor)
    }

    override var isEdgeTriggered: Bool { false }
    override var events: UInt32 { UInt32(sends ? BENCH_IN | BENCH_OUT : BENCH_IN) }

    override func ready(_ events: UInt32) {
        if events.isReadable {
            let count = bench_discard(descriptor, Self.readSize)
            if count > 0 { load.units += UInt64(count) }
            if count == 0 || (count < 0 && count != -Int(EAGAIN)) { return fail() }
        }
        if events.isWritable {
            let count = bench_send(descriptor, Int(BENCH_BLOCK))
            if count < 0 && count != -Int(EAGAIN) { fail() }
        }
    }

    private func fail() {
        load.errors += 1
        load.loop.close(self)
    }
}

/// A backend that returns what it gets; for churn it closes after the first whole message.
final class EchoBackend: Handler {
    private unowned let load: Load
    private let closes: Bool
    private var received = 0

    init(_ descriptor: Int32, load: Load, closes: Bool) {
        self.load = load
        self.closes = closes
        super.init(descriptor)
    }

    override var events: UInt32 { UInt32(BENCH_IN | BENCH_RDHUP) }

    override func ready(_ events: UInt32) {
        guard events.isReadable else { return }
        let count = bench_discard(descriptor, messageSize)
        if count == -Int(EAGAIN) { return }
        guard count > 0 else { return load.loop.close(self) }
        received += count
        if received >= messageSize {
            received -= messageSize
            // 64 bytes always fit into an empty send queue.
            let sent = bench_send(descriptor, messageSize)
            if sent != messageSize { load.errors += 1 }
            if closes || sent != messageSize { return load.loop.close(self) }
        }
        // With edges, an end of stream that came together with data is not reported again.
        if events.isHalfClosed { load.loop.close(self) }
    }
}

/// A client that sends 64 bytes and, when they are back, sends again (pingpong) or rests (idle).
final class PingPongClient: Handler {
    private unowned let load: Load
    private let repeats: Bool
    private var sentAt: UInt64 = 0
    private var received = 0

    init(_ descriptor: Int32, load: Load, repeats: Bool) {
        self.load = load
        self.repeats = repeats
        super.init(descriptor)
    }

    override func ready(_ events: UInt32) {
        if sentAt == 0 {
            guard events.isWritable else { return }
            guard bench_connect_result(descriptor) == 0 else { return fail() }
            return send()
        }
        guard events.isReadable else { return }
        let count = bench_discard(descriptor, messageSize)
        if count == -Int(EAGAIN) { return }
        guard count > 0 else { return fail() }
        received += count
        guard received >= messageSize else { return }
        received = 0
        guard repeats else {
            load.settled += 1
            return
        }
        load.units += 1
        load.latencies.add(now() - sentAt)
        send()
    }

    private func send() {
        sentAt = now()
        if bench_send(descriptor, messageSize) != messageSize { fail() }
    }

    private func fail() {
        load.errors += 1
        load.loop.close(self)
    }
}

/// A client of one exchange: connect, 64 bytes there and back, the backend's end of stream, close; then the next one
/// unless the load counts its connections.
///
/// The backend ends first, so TIME_WAIT falls on the listening ends, and no local port of client or proxy is used up
/// however long the run is.
final class ChurnClient: Handler {
    private unowned let load: Load
    private let startedAt = now()
    private var isSent = false
    private var received = 0

    init(_ descriptor: Int32, load: Load) {
        self.load = load
        super.init(descriptor)
    }

    override func ready(_ events: UInt32) {
        if !isSent {
            guard events.isWritable else { return }
            guard bench_connect_result(descriptor) == 0, bench_send(descriptor, messageSize) == messageSize else {
                return end(success: false)
            }
            isSent = true
        }
        guard events.isReadable else { return }
        while true {
            let count = bench_discard(descriptor, messageSize)
            if count == -Int(EAGAIN) { return }
            if count <= 0 { return end(success: count == 0 && received == messageSize) }
            received += count
            if received == messageSize && !events.isHalfClosed { return }
        }
    }

    private func end(success: Bool) {
        if success {
            load.units += 1
            load.latencies.add(now() - startedAt)
        } else {
            load.errors += 1
        }
        load.loop.close(self)
        load.replaceClient()
    }
}
