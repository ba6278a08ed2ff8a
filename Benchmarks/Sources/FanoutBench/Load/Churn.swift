import CBench
import Glibc

/// A client of one exchange: connect, 64 bytes there and back, the backend's end of stream, close; then the next one
/// unless the load counts its connections.
///
/// The backend ends first, so TIME_WAIT falls on the listening ends, and no local port of client or proxy is used up
/// however long the run is.
final class ChurnClient: Handler {
    private unowned let load: Load
    private let size: Int
    private let startedAt: UInt64
    private var isSent = false
    private var received = 0

    init(_ descriptor: Int32, load: Load, startedAt: UInt64) {
        self.load = load
        self.startedAt = startedAt
        size = load.order.workload.messageSize
        super.init(descriptor)
    }

    override func ready(_ events: UInt32) {
        if !isSent {
            guard events.isWritable else { return }
            guard bench_connect_result(descriptor) == 0, bench_send(descriptor, size) == size else {
                return end(success: false)
            }
            isSent = true
        }
        guard events.isReadable else { return }
        while true {
            let count = bench_discard(descriptor, size)
            if count == -Int(EAGAIN) { return }
            if count <= 0 { return end(success: count == 0 && received == size) }
            received += count
            if received == size && !events.isHalfClosed { return }
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
