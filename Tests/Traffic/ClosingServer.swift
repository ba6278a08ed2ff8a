import Glibc

/// Accepts, and closes at once without a byte: an endpoint that fails fast, and so always has the fewest connections.
public final class ClosingServer: Sendable {
    public let address: TrafficAddress
    private let server: EndlessAcceptor

    public init(_ address: TrafficAddress = .loopback) {
        let (descriptor, bound) = Socket.listen(on: address, backlog: 128)
        self.address = bound
        server = EndlessAcceptor(descriptor) { Socket.close($0) }
    }

    public func stop() { server.stop() }
}

/// A thread that accepts from a listener, until it is stopped.
final class EndlessAcceptor: Sendable {
    private let descriptor: Int32
    private let thread: WorkerThread
    private let signal = StopSignal()

    init(_ descriptor: Int32, _ body: @escaping @Sendable (Int32) -> Void) {
        self.descriptor = descriptor
        thread = WorkerThread { [signal] in
            while !signal.isRaised {
                while let client = Socket.accept(from: descriptor) { body(client) }
                var set = PollSet()
                _ = set.add(descriptor, PollSet.readable)
                set.wait(milliseconds: 20)
            }
        }
    }

    /// May be called again.
    func stop() {
        guard signal.raise() else { return }
        thread.join()
        Socket.close(descriptor)
    }
}
