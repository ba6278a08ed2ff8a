import CBench
import Foundation

/// A connection through the proxy with both of its ends in hand.
struct Crossing {
    let client: NumberSocket
    let server: NumberSocket
    /// Which backend accepted it, and when.
    let backend: Int
    let acceptedAt: UInt64

    /// True when a number gets to the backend and back.
    func echoes(_ number: UInt64, by deadline: UInt64) -> Bool {
        client.send(number) && server.receive(by: deadline) == number
            && server.send(number) && client.receive(by: deadline) == number
    }

    /// Ends it as a backend does that has answered, which leaves TIME_WAIT on the listening ends; true when the client
    /// sees a clean end.
    consuming func finish(by deadline: UInt64) -> Bool {
        shutdown(server.descriptor, Int32(SHUT_WR))
        guard client.isEnded(by: deadline) else { return false }
        shutdown(client.descriptor, Int32(SHUT_WR))
        return server.isEnded(by: deadline)
    }
}

/// Backends of the harness and the proxy's port: opens connections and tells where they came out.
final class CrossingPoint {
    /// How long one connection may take in all.
    static let patienceNanoseconds: UInt64 = 10_000_000_000

    private let proxy: UInt16
    private let listeners: [Int32]
    let ports: [UInt16]
    private var number: UInt64 = 0

    init(proxy: UInt16, backends: Int) throws {
        self.proxy = proxy
        var listeners: [Int32] = []
        var ports: [UInt16] = []
        for _ in 0..<backends {
            var port: UInt16 = 0
            let listener = unsafe bench_listen(&port)
            guard listener >= 0 else { throw BenchError("no backend: errno \(-listener)") }
            listeners.append(listener)
            ports.append(port)
        }
        self.listeners = listeners
        self.ports = ports
    }

    deinit {
        for listener in listeners { close(listener) }
    }

    /// Connects through the proxy, and sends a number by which the backend's end is known; nil when that fails.
    func cross() -> Crossing? {
        let deadline = now() + Self.patienceNanoseconds
        number += 1
        guard let client = NumberSocket.connect(to: proxy, by: deadline), client.send(number) else { return nil }
        while true {
            // The backend has not spoken: anything the client hears is the end of the connection.
            var entries = (listeners + [client.descriptor]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            guard waitForAny(of: &entries, by: deadline) else { return nil }
            guard let backend = listeners.indices.first(where: { entries[$0].revents != 0 }) else { return nil }
            let descriptor = bench_accept(listeners[backend])
            let time = now()
            guard descriptor >= 0 else { continue }
            let server = NumberSocket(descriptor)
            // What an earlier failure or the wait for the proxy's start left in the queue brings another number or none.
            guard server.receive(by: deadline) == number else { continue }
            return Crossing(client: client, server: server, backend: backend, acceptedAt: time)
        }
    }

    /// Connects through the proxy, makes one exchange and closes; the backend and the moment of its accept, or nil
    /// when anything of that fails.
    func probe() -> (backend: Int, acceptedAt: UInt64)? {
        guard let crossing = cross() else { return nil }
        let deadline = now() + Self.patienceNanoseconds
        let place = (crossing.backend, crossing.acceptedAt)
        guard crossing.echoes(number, by: deadline), crossing.finish(by: deadline) else { return nil }
        return place
    }
}
