import Foundation
import NIOConcurrencyHelpers
import Reactor

/// A raw HTTP server on a unix socket that answers with scripted bytes, one thread a connection.
final class ScriptedServer: Sendable {
    /// One request and the connection that it came on.
    struct Exchange: Sendable {
        /// The request's head up to its empty line.
        let request: String
        /// The number of the connection, from 0.
        let connection: Int
        /// The number of the request on the whole server, from 0.
        let number: Int
        fileprivate let descriptor: Int32

        func write(_ text: String) {
            let bytes = Array(text.utf8)
            _ = unsafe bytes.withUnsafeBytes { unsafe send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }

        /// Ends the connection after what was written.
        func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

        /// A complete 200 answer.
        func answer(_ body: String, index: String? = "1", extra: String = "") {
            let indexLine = index.map { "X-Nomad-Index: \($0)\r\n" } ?? ""
            write("HTTP/1.1 200 OK\r\n\(indexLine)\(extra)Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }

        /// A complete answer of another status.
        func refuse(_ status: Int, _ body: String) {
            write("HTTP/1.1 \(status) X\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        }
    }

    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("fo-\(UUID().uuidString.prefix(8))")
    var path: String { folder.appendingPathComponent("api.sock").path }
    private let script: @Sendable (Exchange) -> Void
    private let state = NIOLockedValueBox(
        (listener: Int32(-1), open: Set<Int32>(), connections: 0, requests: [String]())
    )

    init(_ script: @escaping @Sendable (Exchange) -> Void) throws {
        self.script = script
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try listen()
    }

    deinit {
        stop()
        try? FileManager.default.removeItem(at: folder)
    }

    /// The heads of all requests so far.
    var requests: [String] { state.withLockedValue { $0.requests } }
    var connections: Int { state.withLockedValue { $0.connections } }

    func listen() throws {
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard let address = Reactor.SocketAddress(unixPath: path),
            unsafe address.withSockaddr({ unsafe bind(listener, $0, $1) }) == 0, Glibc.listen(listener, 16) == 0
        else { throw SystemError.last("listen") }
        state.withLockedValue { $0.listener = listener }
        Thread.detachNewThread { [weak self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { break }
                guard let self else {
                    close(descriptor)
                    break
                }
                let number = state.withLockedValue { state in
                    state.open.insert(descriptor)
                    defer { state.connections += 1 }
                    return state.connections
                }
                Thread.detachNewThread { [weak self] in self?.serve(descriptor, number) }
            }
            close(listener)
        }
    }

    /// Like an agent's end: connections are closed and the path is gone.
    func stop() {
        state.withLockedValue { state in
            if state.listener >= 0 { shutdown(state.listener, Int32(SHUT_RDWR)) }
            state.listener = -1
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        try? FileManager.default.removeItem(atPath: path)
    }

    private func serve(_ descriptor: Int32, _ connection: Int) {
        var buffered = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { break }
            buffered += String(decoding: buffer[..<count], as: UTF8.self)
            while let end = buffered.range(of: "\r\n\r\n") {
                let head = String(buffered[..<end.lowerBound])
                buffered = String(buffered[end.upperBound...])
                let number = state.withLockedValue { state in
                    state.requests.append(head)
                    return state.requests.count - 1
                }
                script(Exchange(request: head, connection: connection, number: number, descriptor: descriptor))
            }
        }
        state.withLockedValue { state in
            state.open.remove(descriptor)
            close(descriptor)
        }
    }
}

/// Waits until `condition` holds, for at most 20 seconds; the result is whether it does.
func eventually(_ condition: @Sendable () -> Bool) async -> Bool {
    let end = Deadline.now().advanced(by: 20_000_000_000)
    while !condition() {
        guard Deadline.now() < end else { return false }
        try? await Task.sleep(for: .milliseconds(2))
    }
    return true
}
