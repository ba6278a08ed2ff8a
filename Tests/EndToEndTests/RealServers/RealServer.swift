import Foundation
import Traffic

/// A real server for one test: started on a free port of 127.0.0.1, and gone with the test.
final class RealServer {
    /// Somebody else may take the port between its choice and the server's bind.
    private static let mostPorts = 5

    let address: TrafficAddress
    private let command: Command

    var pid: Int32 { command.pid }

    /// Returns when it answers.
    /// - Parameters:
    ///   - arguments: the command line for a port.
    ///   - answers: whether the server at an address, with this pid, answers.
    init(
        _ path: String,
        in folder: Folder,
        arguments: (String) -> [String],
        answers: (TrafficAddress, Int32) -> Bool
    ) throws {
        var lastWords = ""
        for _ in 0..<Self.mostPorts {
            let reserved = RefusingAddress()
            let address = reserved.address
            reserved.stop()
            let command = try Command(path, arguments(address.portText), in: folder)
            try waitUntil("answer of \(path)", saying: command.output + command.errors) {
                !command.isRunning || answers(address, command.pid)
            }
            if command.isRunning {
                self.address = address
                self.command = command
                return
            }
            lastWords = command.output + command.errors
        }
        throw Command.Failed(description: "\(path) does not start: \(lastWords)")
    }

    func signal(_ number: Int32) { command.signal(number) }

    /// Sends a signal that ends it, and waits for its end.
    func end(_ number: Int32) throws {
        signal(number)
        try waitUntil("end of the server") { !command.isRunning }
    }

    /// Ends it whatever happened.
    func stop() { command.stop() }
}

extension TrafficAddress {
    var portText: String { port.map { String($0) } ?? "" }
}

/// The programs that the tests with real servers start.
enum Programs {
    static let redisServer = path("redis-server")
    static let redisCLI = path("redis-cli")
    static let redisBenchmark = path("redis-benchmark")
    static let initdb = path("initdb")
    static let postgres = path("postgres")
    static let psql = path("psql")
    static let pgbench = path("pgbench")
    static let setpriv = path("setpriv")

    /// Debian has the servers of PostgreSQL in a folder for each version, and puts wrappers on PATH for its clients.
    private static let folders: [String] = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let newestFirst = versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }
        return newestFirst.map { "\(root)/\($0)/bin" } + ["/usr/bin", "/usr/local/bin", "/bin"]
    }()

    private static func path(_ name: String) -> String? {
        folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}
