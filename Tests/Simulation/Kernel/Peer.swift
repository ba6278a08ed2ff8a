/// What the far end of a connection does, step by step.
struct Peer {
    enum Action: Equatable {
        case send(Int)
        /// shutdown(2) of its sending side.
        case fin
        case reset
        /// close(2): a FIN, and whatever comes afterwards is answered with a reset.
        case close
        /// Its machine is gone: the worker's kernel gives up some time.
        case vanish
        /// Waits until it has received so many bytes.
        case awaitBytes(Int)
        /// Waits until the other stream has ended.
        case awaitEnd
        case sleep(UInt64)
        case stopReading
        case startReading
        /// Takes so many bytes, or what is there, while it is not reading.
        case take(Int)
        /// An urgent byte (MSG_OOB), which is no part of the stream.
        case urgent
        /// Nothing more, until everything is told to come to its end.
        case silence
    }

    var script: [Action]
    var next = 0
    /// What is left of a send under way.
    var left = 0
    var wakesAt: UInt64 = 0
    var isReading = true
    /// Takes bytes in the moment they are sent.
    var readsAtOnce = true
    var isClosed = false
    var hasFinished = false
    var hasReset = false
    /// Bytes sent so far: all of them have arrived at the worker's socket.
    var sent = 0
    var received = 0
    /// What the worker's socket holds for it, and the other way round.
    var window: Int
    var receiveWindow: Int

    init(_ script: [Action], window: Int = 1 << 20, receiveWindow: Int = 1 << 20) {
        self.script = script
        self.window = window
        self.receiveWindow = receiveWindow
    }

    var action: Action? { next < script.count ? script[next] : nil }
    var isDone: Bool { hasFinished || hasReset }

    /// From now on it says what it has still to say, reads everything, and ends its stream.
    mutating func settle() {
        isReading = true
        guard !isDone else { return }
        let rest = script.dropFirst(next).filter { action in
            switch action {
            case .send, .fin, .reset, .close, .vanish: true
            case .awaitBytes, .awaitEnd, .sleep, .stopReading, .startReading, .take, .urgent, .silence: false
            }
        }
        // A send under way is still the first.
        if left > 0, rest.first != script[next] { left = 0 }
        script = rest
        next = 0
        switch script.last {
        case .fin, .reset, .close, .vanish: break
        case .send, .awaitBytes, .awaitEnd, .sleep, .stopReading, .startReading, .take, .urgent, .silence, nil:
            script.append(.fin)
        }
    }
}
