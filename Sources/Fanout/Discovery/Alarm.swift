import NIOCore

/// A pause that can be cut short, on the event loop's clock; Swift's own sleep would need threads of the runtime.
///
/// Confined to the discovery thread; one sleeper at a time.
final class Alarm {
    private let loop: any EventLoop
    private var sleeper: CheckedContinuation<Void, Never>?
    private var timer: Scheduled<Void>?

    init(loop: any EventLoop) { self.loop = loop }

    /// Returns after `duration`, or when ``ring()`` is called.
    func sleep(_ duration: Duration, isolation: isolated (any Actor)? = #isolation) async {
        await withCheckedContinuation { continuation in
            sleeper = continuation
            timer = loop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) { self.ring() }
        }
    }

    /// Wakes the sleeper, if there is one.
    func ring() {
        timer?.cancel()
        timer = nil
        sleeper?.resume()
        sleeper = nil
    }
}
