import Glibc

/// One end of a connection that carries a long stream each way; what comes in is checked against what the other end
/// sends, byte for byte. Not thread-safe: the two ends of a connection are moved by one thread.
public final class StreamPeer {
    /// Why a stream is not what it should be.
    public enum Failure: Error, Equatable {
        /// A wrong byte at this offset.
        case mismatch(Int)
        /// Nothing moved any more before everything had arrived.
        case stalled(sent: Int, received: Int)
        /// The connection ended too early.
        case ended(LineClient.End, received: Int)
    }

    /// A failure of one of several peers that were moved together.
    public struct PeerFailure: Error, CustomStringConvertible {
        /// Which of them, from 0 on; of those that stalled the first.
        public let index: Int
        public let failure: Failure
        /// How many have stalled.
        public var count = 1

        public var description: String {
            "connection \(index)" + (count > 1 ? " and \(count - 1) more" : "") + ": \(failure)"
        }
    }

    private static let quietRounds = 5
    private static let roundMilliseconds: Int32 = 20

    private let client: LineClient
    private let outgoing: ByteStream
    private let incoming: ByteStream
    private let scratch = Scratch()
    public private(set) var sent = 0
    public private(set) var received = 0
    /// How many bytes ``move(_:piece:within:)`` is to have sent and received at its end.
    public var toSend = 0
    public var toReceive = 0

    /// The ends of one connection have each other's seeds.
    public init(_ client: LineClient, sends: UInt64, receives: UInt64) {
        self.client = client
        outgoing = ByteStream(seed: sends)
        incoming = ByteStream(seed: receives)
    }

    /// The two ends of one connection.
    public static func pair(_ client: LineClient, _ upstream: LineClient, seed: UInt64 = 1) -> (StreamPeer, StreamPeer)
    {
        let seeds = (up: seed << 1, down: seed << 1 | 1)
        return (
            StreamPeer(client, sends: seeds.up, receives: seeds.down),
            StreamPeer(upstream, sends: seeds.down, receives: seeds.up)
        )
    }

    /// Sends and receives on all of them until each has what it is to have; at most `piece` bytes in one call.
    public static func move(_ peers: [StreamPeer], piece: Int = 64 << 10, within seconds: Double = 60) throws {
        let deadline = MonotonicTime.after(seconds: seconds)
        var set = PollSet()
        while true {
            set.removeAll()
            var isDone = true
            for peer in peers {
                let events =
                    (peer.sent < peer.toSend ? PollSet.writable : 0)
                    | (peer.received < peer.toReceive ? PollSet.readable : 0)
                if events != 0 { isDone = false }
                set.add(peer.client.descriptor, events)
            }
            if isDone { return }
            guard MonotonicTime.now < deadline else {
                throw stalled(peers)
            }
            set.wait(milliseconds: 500)
            for (index, peer) in peers.enumerated() {
                try naming(index) {
                    if set.isWritable(index) { _ = try peer.sendSome(min(piece, peer.toSend - peer.sent)) }
                    if set.isReadable(index) { _ = try peer.receiveSome(min(piece, peer.toReceive - peer.received)) }
                }
            }
        }
    }

    private static func naming(_ index: Int, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let failure as Failure {
            throw PeerFailure(index: index, failure: failure)
        }
    }

    private static func stalled(_ peers: [StreamPeer]) -> PeerFailure {
        let late = peers.indices.filter {
            peers[$0].sent < peers[$0].toSend || peers[$0].received < peers[$0].toReceive
        }
        let first = late.first ?? 0
        let failure = Failure.stalled(sent: peers[first].sent, received: peers[first].received)
        return PeerFailure(index: first, failure: failure, count: late.count)
    }

    /// Sends on all of them until none takes a byte for a while: everything between the ends is full then.
    ///
    /// - Parameter piece: bytes at a time; whoever gets few at once does not let the kernel widen its receive buffers.
    /// - Returns: how many bytes went.
    @discardableResult
    public static func fill(_ peers: [StreamPeer], piece: Int = 64 << 10) throws -> Int {
        let before = peers.reduce(0) { $0 + $1.sent }
        var quiet = 0
        while quiet < quietRounds {
            var moved = 0
            for (index, peer) in peers.enumerated() {
                try naming(index) { moved += try peer.sendSome(min(piece, Scratch.capacity)) }
            }
            quiet = moved == 0 ? quiet + 1 : 0
            if moved == 0 { usleep(UInt32(roundMilliseconds) * 1_000) }
        }
        return peers.reduce(0) { $0 + $1.sent } - before
    }

    /// Sends piece by piece until one stays in the send queue; the bytes before that piece have reached the next hop's
    /// kernel, and a reset from here cannot take them back any more.
    public func sendUntilHeldUp() throws -> Int {
        while true {
            let before = sent
            _ = try sendSome(Scratch.capacity)
            guard MonotonicTime.wait(seconds: 0.05, until: { Socket.unsent(client.descriptor) == 0 }), sent > before
            else {
                return before
            }
        }
    }

    /// Reads on to the end of the stream.
    public func receiveUntilEnd(within seconds: Double = 60) throws -> LineClient.End {
        let deadline = MonotonicTime.after(seconds: seconds)
        while true {
            do {
                guard try receiveSome(Scratch.capacity) == 0 else { continue }
                try LineClient.wait(client.descriptor, for: PollSet.readable, until: deadline)
            } catch let Failure.ended(end, _) {
                return end
            }
        }
    }

    /// Waits until everything that was sent has reached the next hop's kernel.
    public func waitUntilSent(within seconds: Double = 10) throws {
        guard MonotonicTime.wait(seconds: seconds, until: { Socket.unsent(client.descriptor) == 0 }) else {
            throw Failure.stalled(sent: sent, received: received)
        }
    }

    /// Sends a byte of urgent data, which is not part of the stream (tcp(7), MSG_OOB).
    public func sendUrgent() throws(LineClient.Failure) { try client.sendUrgent() }

    public func halfClose() { client.halfClose() }
    public func close() { client.close() }
    public func reset() { client.reset() }

    private func sendSome(_ count: Int) throws -> Int {
        guard count > 0 else { return 0 }
        switch scratch.send(client.descriptor, outgoing, offset: sent, count: count) {
        case .bytes(let count):
            sent += count
            return count
        case .wouldBlock, .end: return 0
        case .failed: throw Failure.ended(.reset, received: received)
        }
    }

    private func receiveSome(_ count: Int) throws -> Int {
        guard count > 0 else { return 0 }
        switch scratch.receive(client.descriptor, limit: count) {
        case .bytes(let count):
            if let offset = scratch.firstMismatch(incoming, offset: received, count: count) {
                throw Failure.mismatch(offset)
            }
            received += count
            return count
        case .wouldBlock: return 0
        case .end: throw Failure.ended(.endOfStream, received: received)
        case .failed: throw Failure.ended(.reset, received: received)
        }
    }
}
