import Glibc

/// A listener that hands its connections to the test, one by one, as they were accepted.
public final class RawServer: Sendable {
    public let address: TrafficAddress
    private let descriptor: Int32

    /// - Parameter room: of its connections.
    public init(_ address: TrafficAddress = .loopback, room: KernelRoom = KernelRoom()) {
        let (descriptor, bound) = Socket.listen(on: address, backlog: 128, room: room)
        self.descriptor = descriptor
        self.address = bound
    }

    /// The next connection.
    public func accept(within seconds: Double = 10) throws(LineClient.Failure) -> LineClient {
        let deadline = MonotonicTime.after(seconds: seconds)
        while true {
            if let client = Socket.accept(from: descriptor) { return LineClient(descriptor: client) }
            guard MonotonicTime.now < deadline else { throw .deadline }
            var set = PollSet()
            _ = set.add(descriptor, PollSet.readable)
            set.wait(milliseconds: 50)
        }
    }

    public func stop() { Socket.close(descriptor) }
}
