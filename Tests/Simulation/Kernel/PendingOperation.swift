import Reactor

/// An operation between the verb that asked for it and the delivery of its final result.
struct PendingOperation {
    enum Kind: String { case accept, connect, receive, awaitReadable, watch, send, poll }

    let token: Token
    let kind: Kind
    let connection: Connection?
    let listener: SimulatedListener?
    /// The kernel has taken it.
    var isStarted = false
    /// Its final result is there, and waits to be delivered.
    var isOver = false
    var pool = BufferPool.common
    var events: UInt32 = 0
    /// The edge of the connection that a poll has told of, or the arrival that a watch has.
    var toldEdges = -1
    var buffer: BufferIndex = 0
    var offset = 0
    var count = 0
    /// Bytes that a send has got rid of.
    var done = 0
    /// That a connect is to.
    var port: UInt16 = 0
    /// What becomes of it, if that is decided already.
    var failure: Int32?

    init(
        _ token: Token,
        _ kind: Kind,
        connection: Connection? = nil,
        listener: SimulatedListener? = nil
    ) {
        self.token = token
        self.kind = kind
        self.connection = connection
        self.listener = listener
    }
}
