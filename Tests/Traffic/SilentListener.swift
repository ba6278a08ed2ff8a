import Glibc

/// A TCP address on which connects hang: a blackhole on loopback.
///
/// How: the listener's backlog is 0, so its accept queue holds one connection; nobody accepts, own connections fill
/// it, and from then on the kernel drops each further SYN (tcp_conn_request, Linux 6.18), as a firewall would. A
/// connect therefore neither succeeds nor fails until the caller's own deadline or the end of SYN retries.
public final class SilentListener: Sendable {
    private static let mostFillers = 16
    private static let settleMilliseconds: Int32 = 200

    public let address: TrafficAddress
    private let listener: Int32
    private let fillers: Lock<[Int32]>

    /// Returns when a connect was seen to hang, which takes a fifth of a second.
    public init(_ address: TrafficAddress = .loopback) {
        precondition(!address.isUnix, "a silent listener is a TCP listener")
        (listener, self.address) = Socket.listen(on: address, backlog: 0)
        var opened: [Int32] = []
        var hangs = false
        while !hangs && opened.count < Self.mostFillers {
            let filler = Socket.open(address.family)
            opened.append(filler)
            hangs = Socket.connect(filler, to: self.address) == EINPROGRESS && !Self.isConnected(filler)
        }
        precondition(hangs, "the accept queue of \(self.address) does not fill up")
        fillers = Lock(opened)
    }

    /// Closes everything; the port refuses from then on. May be called again.
    public func stop() {
        let opened = fillers.withLock { fillers in
            defer { fillers.removeAll() }
            return fillers
        }
        guard !opened.isEmpty else { return }
        for filler in opened { Socket.reset(filler) }
        Socket.close(listener)
    }

    private static func isConnected(_ descriptor: Int32) -> Bool {
        var set = PollSet()
        let index = set.add(descriptor, PollSet.writable)
        set.wait(milliseconds: settleMilliseconds)
        return set.isWritable(index)
    }
}

/// A loopback TCP address that surely refuses: its port is bound, so nobody else gets it, but does not listen.
public final class RefusingAddress: Sendable {
    public let address: TrafficAddress
    private let descriptor: Int32
    private let signal = StopSignal()

    public init(_ address: TrafficAddress = .loopback) {
        precondition(!address.isUnix, "a refusing address is a TCP address")
        (descriptor, self.address) = Socket.bind(to: address)
    }

    /// Gives the port back. May be called again.
    public func stop() {
        if signal.raise() { Socket.close(descriptor) }
    }
}
