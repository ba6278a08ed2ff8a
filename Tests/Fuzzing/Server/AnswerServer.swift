import Glibc
import NIOConcurrencyHelpers

/// A server on loopback or a unix socket that answers each request with what it is told to send; a thread a connection.
public final class AnswerServer: Sendable {
    /// Called for each request with its head, on the thread of its connection; nil leaves it unanswered until the client
    /// goes away.
    public typealias Script = @Sendable (_ head: String) -> WireAnswer?

    /// A stalled answer is held for at most this long, in milliseconds.
    private static let longestStall: Int32 = 30_000
    private static let floodBlock = 64 << 10

    private let listener: Int32
    private let script: Script
    private let path: String?
    /// Where it listens on 127.0.0.1; 0 for a unix socket.
    public let port: UInt16
    private let state = NIOLockedValueBox((isStopped: false, open: Set<Int32>(), threads: 1))

    /// Listens on a unix socket, or on a free port of 127.0.0.1 if `path` is nil. Traps if it cannot.
    public init(path: String? = nil, script: @escaping Script) {
        (listener, port) = path.map { (ServerSocket.listen(path: $0), 0) } ?? ServerSocket.listenOnLoopback()
        self.path = path
        self.script = script
        ServerThread.start { [self] in acceptAll() }
    }

    /// Closes everything; returns when the threads have let go of it.
    public func stop() {
        state.withLockedValue { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            shutdown(listener, Int32(SHUT_RDWR))
            for connection in state.open { shutdown(connection, Int32(SHUT_RDWR)) }
        }
        while state.withLockedValue({ $0.threads > 0 }) { usleep(200) }
    }

    private func acceptAll() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { break }
            let goesOn = state.withLockedValue { state in
                guard !state.isStopped else { return false }
                state.open.insert(connection)
                state.threads += 1
                return true
            }
            guard goesOn else {
                close(connection)
                break
            }
            ServerThread.start { [self] in
                serve(connection)
                state.withLockedValue { state in
                    state.open.remove(connection)
                    state.threads -= 1
                    close(connection)
                }
            }
        }
        close(listener)
        if let path { _ = unsafe unlink(path) }
        state.withLockedValue { $0.threads -= 1 }
    }

    private func serve(_ connection: Int32) {
        var received: [UInt8] = []
        while let head = request(connection, &received) {
            guard let answer = script(head) else { return ServerSocket.waitForEnd(connection, Self.longestStall) }
            guard answer.pieces.allSatisfy({ ServerSocket.send(connection, $0) }) else { return }
            if let flood = answer.flood, !send(flood, connection) { return }
            switch answer.ending {
            case .keep: continue
            case .close:
                // Not before the peer has read everything, or a reset would throw it away.
                shutdown(connection, Int32(SHUT_WR))
                return ServerSocket.waitForEnd(connection, Self.longestStall)
            case .stall: return ServerSocket.waitForEnd(connection, Self.longestStall)
            }
        }
    }

    private func send(_ flood: WireAnswer.Flood, _ connection: Int32) -> Bool {
        let repeats = max(1, Self.floodBlock / flood.unit.count)
        let block = Array(repeatElement(flood.unit, count: repeats).joined())
        var sent = 0
        while sent < flood.total {
            guard ServerSocket.send(connection, block[...]) else { return false }
            sent += block.count
        }
        return true
    }

    /// The head of the next request; nil at the end of the connection.
    private func request(_ connection: Int32, _ received: inout [UInt8]) -> String? {
        while true {
            if let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
                defer { received.removeSubrange(..<end.upperBound) }
                return String(decoding: received[..<end.lowerBound], as: UTF8.self)
            }
            guard let more = ServerSocket.receive(connection) else { return nil }
            received += more
        }
    }
}

/// A thread that nobody waits for.
private enum ServerThread {
    private final class Entry {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    static func start(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let entry = unsafe Unmanaged.passRetained(Entry(body)).toOpaque()
        let result = unsafe pthread_create(
            &thread,
            nil,
            { entry in
                // What pthread_create was given just below: never null.
                if let entry = unsafe entry { unsafe Unmanaged<Entry>.fromOpaque(entry).takeRetainedValue().body() }
                return nil
            },
            entry
        )
        precondition(result == 0, "pthread_create: errno \(result)")
        pthread_detach(thread)
    }
}
