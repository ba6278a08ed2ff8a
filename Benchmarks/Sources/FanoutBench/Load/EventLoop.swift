import CBench
import Glibc

/// One socket of the load; the loop calls `ready` with epoll's event bits.
class Handler {
    let descriptor: Int32
    /// Whether anything has come or gone since it was last looked at.
    var hasMoved = false

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    /// True when the events bring an edge each, false when they are reported as long as they hold.
    var isEdgeTriggered: Bool { true }
    var events: UInt32 { UInt32(BENCH_IN | BENCH_OUT | BENCH_RDHUP) }

    func ready(_ events: UInt32) {}
}

/// An epoll loop of one thread that holds clients and backends of one load together: both ends on one CPU, with the
/// fewest wake-ups.
final class EventLoop {
    private static let capacity = 512
    static let turnMilliseconds: Int32 = 50

    private let epoll: Int32
    private var handlers: [Handler?] = []
    private var ready = [bench_event](repeating: bench_event(), count: capacity)

    init() {
        epoll = bench_epoll_create()
        precondition(epoll >= 0, "epoll_create1: errno \(-epoll)")
    }

    func add(_ handler: Handler) {
        let index = Int(handler.descriptor)
        while handlers.count <= index { handlers.append(nil) }
        handlers[index] = handler
        let result = bench_epoll_add(epoll, handler.descriptor, handler.events, handler.isEdgeTriggered ? 1 : 0)
        precondition(result == 0, "epoll_ctl: errno \(-result)")
    }

    func close(_ handler: Handler) {
        handlers[Int(handler.descriptor)] = nil
        Glibc.close(handler.descriptor)
    }

    /// - Parameter milliseconds: how long to sleep at most.
    func turn(within milliseconds: Int32 = turnMilliseconds) {
        let count = unsafe bench_epoll_wait(epoll, &ready, Int32(Self.capacity), milliseconds)
        precondition(count >= 0, "epoll_wait: errno \(-count)")
        for index in 0..<Int(count) {
            let event = ready[index]
            handlers[Int(event.descriptor)]?.ready(event.events)
        }
    }
}

extension UInt32 {
    var isReadable: Bool { self & UInt32(BENCH_IN) != 0 }
    var isWritable: Bool { self & UInt32(BENCH_OUT) != 0 }
    var isHalfClosed: Bool { self & UInt32(BENCH_RDHUP) != 0 }
}

/// Monotonic nanoseconds.
func now() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
