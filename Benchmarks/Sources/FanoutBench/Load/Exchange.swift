import CBench
import Glibc

/// A backend that returns each message once it has all of it; for churn it closes after the first.
final class EchoBackend: Handler {
    private unowned let load: Load
    private let size: Int
    private let closes: Bool
    private var received = 0
    /// Bytes that the socket has not taken yet.
    private var owed = 0

    init(_ descriptor: Int32, load: Load, closes: Bool) {
        self.load = load
        self.closes = closes
        size = load.order.workload.messageSize
        super.init(descriptor)
    }

    override func ready(_ events: UInt32) {
        if events.isReadable {
            let count = bench_discard(descriptor, Exchange.readSize)
            guard count > 0 || count == -Int(EAGAIN) else { return load.loop.close(self) }
            received += max(0, count)
            owed += received / size * size
            received %= size
        }
        guard owed > 0 else {
            // With edges, an end of stream that came together with data is not reported again.
            if events.isHalfClosed { load.loop.close(self) }
            return
        }
        guard Exchange.send(&owed, on: descriptor) else {
            load.errors += 1
            return load.loop.close(self)
        }
        if owed == 0 && (closes || events.isHalfClosed) { load.loop.close(self) }
    }
}

/// A client that makes one round trip when it is connected and rests; once started, it keeps as many messages in flight
/// as the workload wants. Answers that come together are followed by messages that go together.
final class ExchangeClient: Handler {
    private enum Phase { case connecting, greeting, resting, running }

    private unowned let load: Load
    private let size: Int
    private let depth: Int
    private var phase = Phase.connecting
    private var received = 0
    private var owed = 0
    /// When each message in flight was sent, a ring whose oldest entry is at `oldest`.
    private var sentAt: [UInt64]
    private var oldest = 0

    init(_ descriptor: Int32, load: Load) {
        self.load = load
        size = load.order.workload.messageSize
        depth = load.order.workload.depth
        sentAt = [UInt64](repeating: 0, count: depth)
        super.init(descriptor)
    }

    /// Fills the connection with messages.
    func start() {
        phase = .running
        let time = now()
        for index in sentAt.indices { sentAt[index] = time }
        owed = depth * size
        flush()
    }

    /// Sends one message, which should have been sent at `time`.
    func send(due time: UInt64) {
        phase = .running
        sentAt[0] = time
        owed = size
        flush()
    }

    override func ready(_ events: UInt32) {
        if phase == .connecting {
            guard events.isWritable else { return }
            guard bench_connect_result(descriptor) == 0 else { return fail() }
            phase = .greeting
            owed = size
        }
        if events.isReadable {
            let count = bench_discard(descriptor, Exchange.readSize)
            guard count > 0 || count == -Int(EAGAIN) else { return fail() }
            received += max(0, count)
            take(answers: received / size)
            received %= size
        }
        flush()
    }

    private func take(answers: Int) {
        guard answers > 0 else { return }
        guard phase == .running else {
            phase = .resting
            load.settled += 1
            return
        }
        hasMoved = true
        load.units += UInt64(answers)
        let time = now()
        for _ in 0..<answers {
            load.latencies.add(time - sentAt[oldest])
            sentAt[oldest] = time
            oldest = oldest + 1 == depth ? 0 : oldest + 1
        }
        if load.order.workload.rate == nil {
            owed += answers * size
        } else {
            load.rest(self)
        }
    }

    private func flush() {
        if owed > 0 && !Exchange.send(&owed, on: descriptor) { fail() }
    }

    private func fail() {
        load.errors += 1
        load.close(self)
    }
}

enum Exchange {
    /// More than any socket holds: less than that was all there is, as edges demand.
    static let readSize = 1 << 26

    /// Sends of `owed` bytes what the socket takes; false when it is broken.
    static func send(_ owed: inout Int, on descriptor: Int32) -> Bool {
        while owed > 0 {
            let count = bench_send(descriptor, owed)
            if count == -Int(EAGAIN) { return true }
            guard count > 0 else { return false }
            owed -= count
        }
        return true
    }
}
