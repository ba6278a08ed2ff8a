import CBench
import Glibc

/// Either end of a bulk connection: sends zeros as long as the socket takes them, if it sends at all, and throws away
/// what comes.
final class BulkStream: Handler {
    private static let readSize = 1 << 20
    private unowned let load: Load
    private let sends: Bool
    private let isClient: Bool

    init(_ descriptor: Int32, load: Load, sends: Bool, isClient: Bool) {
        self.load = load
        self.sends = sends
        self.isClient = isClient
        super.init(descriptor)
    }

    override var isEdgeTriggered: Bool { false }
    override var events: UInt32 { UInt32(sends ? BENCH_IN | BENCH_OUT : BENCH_IN) }

    override func ready(_ events: UInt32) {
        if events.isReadable {
            let count = bench_discard(descriptor, Self.readSize)
            if count > 0 {
                load.units += UInt64(count)
                hasMoved = true
            }
            if count == 0 || (count < 0 && count != -Int(EAGAIN)) { return fail() }
        }
        if events.isWritable {
            let count = bench_send(descriptor, Int(BENCH_BLOCK))
            if count < 0 && count != -Int(EAGAIN) { return fail() }
            if count > 0 { hasMoved = true }
        }
    }

    /// The end of a backend's connection is no error: the wait for the proxy's start makes one too. The client behind
    /// it sees it, or goes silent.
    private func fail() {
        guard isClient else { return load.loop.close(self) }
        load.errors += 1
        load.close(self)
    }
}
