import Reactor

/// Which way bytes go. Also the index of a flow within its session.
enum Direction: UInt32 {
    /// From the client to the upstream.
    case tx = 0
    /// From the upstream to the client.
    case rx = 1

    @inline(__always)
    var opposite: Direction { self == .tx ? .rx : .tx }
}

/// One direction of a session: what is asked of its source, and the bytes that its destination has still to take. At
/// most one buffer is held at a time: that bounds what a connection keeps here.
struct Flow: BitwiseCopyable {
    /// What is asked of the source. Whether a send is in flight, the session's operations say.
    enum State: UInt8 {
        /// Nothing: the source or the destination is not there yet.
        case idle
        /// A receive is in flight.
        case receiving
        /// Told of whatever comes, which goes on at once, through a buffer that all share (TurnAround).
        case watching
        /// The watch is being ended; receives follow it.
        case leaving
        /// Holds received bytes, which are being sent, or wait for an upstream that is not connected yet.
        case holding
        /// Data is ready, but no buffer was free; waits in the worker's queue.
        case starved
        /// Buffers are scarce: waits until the destination is writable before it takes one.
        case gated
        /// So much comes that it is spliced from socket to socket (Bulk).
        case bulk
        /// The source of a bulk flow has ended its stream; what is in the pipe is still being passed on.
        case ending
        /// The source of a bulk flow was reset; what is in the pipe is still being passed on.
        case failing
        /// The source has ended its stream and everything before that has been passed on.
        case finished
        /// The destination has gone: nothing is read for it any more.
        case broken
    }

    // The order keeps it at 28 bytes.

    var state: State
    /// Where the receive in flight takes its buffer from, or the buffer that is held belongs.
    var pool: BufferPool
    /// Large results of receives in a row: some make a stream bulk.
    var largeResults: UInt8
    /// Bulk: moves in a row that brought little.
    var smallMoves: UInt8
    var buffer: BufferIndex
    /// While the state is `bulk`, or `ending` or `failing` after it; else ``noPipe``.
    var pipe: PipeIndex
    /// Bulk: the destination takes no more at the moment.
    var isBlocked: Bool
    var holdsBuffer: Bool
    /// The receive in flight is a watch.
    var isWatched: Bool
    /// Results of receives in a row that left their socket empty.
    var smallResults: UInt8
    /// The part of the buffer that is still to be sent.
    var offset: UInt32
    var count: UInt32
    /// Neighbours in the queue of starved flows: an index plus one, or 0.
    var next: UInt32
    var previous: UInt32

    static let noPipe = PipeIndex.max

    @inline(__always)
    var hasPipe: Bool { pipe != Self.noPipe }

    static var fresh: Flow {
        Flow(
            state: .idle,
            pool: .common,
            largeResults: 0,
            smallMoves: 0,
            buffer: 0,
            pipe: noPipe,
            isBlocked: false,
            holdsBuffer: false,
            isWatched: false,
            smallResults: 0,
            offset: 0,
            count: 0,
            next: 0,
            previous: 0
        )
    }
}
