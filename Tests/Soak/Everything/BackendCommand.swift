import ArgumentParser
import Foundation
import Traffic

/// A backend in a process of its own, to be killed and stopped: `fanout-soak backend`. Ends with its standard input.
struct Backend: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "An echo server whose connections are reset when it is killed.",
        shouldDisplay: false
    )

    @Option(help: "Where to listen: 127.0.0.1:0.")
    var listen: String

    @Option(help: "A line that each connection gets first.")
    var greeting: String?

    func run() throws {
        guard let address = TrafficAddress(text: listen) else { throw ValidationError("no address: \(listen)") }
        _ = DescriptorLimit.raise()
        let server = EchoServer(
            address,
            greeting: greeting.map { Array("\($0)\n".utf8) } ?? [],
            diesWithResets: true
        )
        Terminal.say(server.address.description)
        while readLine() != nil {}
    }
}

/// Such a process, seen from its parent.
final class BackendProcess: @unchecked Sendable {
    let address: TrafficAddress
    private let child: ChildProcess

    /// Starts it and waits until it listens.
    init(on listen: TrafficAddress, greeting: String? = nil) throws {
        let said = Said()
        let splitter = LineSplitter { said.append(String(decoding: $0, as: UTF8.self)) }
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let child = try ChildProcess(
            program,
            ["backend", "--listen", listen.description] + (greeting.map { ["--greeting", $0] } ?? []),
            output: { splitter.add($0) }
        )
        _ = Clock.wait(within: 20) { said.first != nil || !child.isRunning }
        guard let text = said.first, let address = TrafficAddress(text: text) else {
            child.end()
            throw Proxy.Failure(description: "a backend on \(listen) did not start")
        }
        self.address = address
        self.child = child
    }

    var pid: Int32 { child.pid }

    func signal(_ number: Int32) { child.signal(number) }

    /// SIGKILL, and waits until the kernel has closed its sockets.
    func end() { child.end() }
}

/// Lines that one thread leaves for another.
private final class Said: @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [String] = []

    func append(_ line: String) { lock.withLock { lines.append(line) } }
    var first: String? { lock.withLock { lines.first } }
}
