import Foundation
import Testing
import Traffic

/// A Redis server that keeps nothing, and its command line client toward any address.
final class Redis {
    static var isInstalled: Bool {
        [Programs.redisServer, Programs.redisCLI, Programs.redisBenchmark].allSatisfy { $0 != nil }
    }

    let folder: Folder
    let server: RealServer
    var address: TrafficAddress { server.address }

    init() throws {
        let folder = try Folder()
        self.folder = folder
        server = try RealServer(
            try #require(Programs.redisServer),
            in: folder,
            arguments: {
                ["--port", $0, "--bind", "127.0.0.1", "--dir", folder.path, "--save", "", "--appendonly", "no"]
            },
            answers: { address, pid in
                let answer = try? Self.cli(["INFO", "server"], to: address, in: folder)
                return answer?.contains("process_id:\(pid)\r") ?? false
            }
        )
    }

    func stop() { server.stop() }

    /// A number that the server itself tells in its answer to INFO, asked without the proxy.
    func info(_ field: String) throws -> Int {
        let answer = try Self.cli(["INFO", "all"], to: address, in: folder)
        let line = try #require(answer.split(whereSeparator: \.isNewline).first { $0.hasPrefix("\(field):") })
        return try #require(Int(line.dropFirst(field.count + 1)))
    }

    static func arguments(_ address: TrafficAddress) -> [String] { ["-h", "127.0.0.1", "-p", address.portText] }

    /// One run of redis-cli; it fails on an error reply.
    @discardableResult
    static func cli(
        _ arguments: [String],
        to address: TrafficAddress,
        input: String? = nil,
        in folder: Folder
    ) throws -> String {
        try startCLI(arguments, to: address, input: input, in: folder).succeed()
    }

    static func startCLI(
        _ arguments: [String],
        to address: TrafficAddress,
        input: String? = nil,
        in folder: Folder
    ) throws -> Command {
        try Command(
            try #require(Programs.redisCLI),
            Self.arguments(address) + ["-e"] + arguments,
            input: input,
            in: folder
        )
    }
}

extension LineClient {
    /// Sends an inline command, and returns the first line of its answer (RESP, redis.io/docs/reference/protocol-spec).
    func redis(_ command: String) throws -> String {
        try sendAll(command + "\r\n")
        return try redisLine()
    }

    /// The next line of an answer.
    func redisLine() throws -> String {
        try readLine().trimmingCharacters(in: .newlines)
    }
}
