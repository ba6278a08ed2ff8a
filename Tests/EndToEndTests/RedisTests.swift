import Foundation
import Testing
import Traffic

/// Redis behind the proxy is Redis: real servers, and their own clients and benchmark.
@Suite(.serialized, .enabled(if: Redis.isInstalled, "needs redis-server and redis-tools"))
struct RedisTests {
    @Test func aLargeValueComesBackAsItWas() throws {
        let redis = try Redis()
        defer { redis.stop() }
        let fanout = try proxy(to: [redis.address])
        defer { fanout.stop() }
        let address = try fanout.address()
        let random = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/dev/urandom"))
        let value = try #require(try random.read(upToCount: 64 << 20))
        let file = try redis.folder.newFile("value", value)
        #expect(try Redis.cli(["-x", "SET", "large"], to: address, input: file, in: redis.folder) == "OK")
        for source in [redis.address, address] {
            let get = try Redis.startCLI(["--raw", "GET", "large"], to: source, in: redis.folder)
            #expect(try get.exitCode() == 0)
            let answer = try Data(contentsOf: URL(fileURLWithPath: get.outputFile))
            // redis-cli adds a newline.
            #expect(answer.count == value.count + 1)
            #expect(answer.dropLast() == value, "not the value, asked at \(source)")
        }
        try fanout.expectCleanEnds()
    }

    @Test func aPipelinedBatchIsAnsweredCompletely() throws {
        let redis = try Redis()
        defer { redis.stop() }
        let fanout = try proxy(to: [redis.address])
        defer { fanout.stop() }
        let count = 100_000
        let batch = (1...count).map { "SET key:\($0) value:\($0)\r\n" }.joined()
        let file = try redis.folder.newFile("batch", batch)
        let answer = try Redis.cli(["--pipe"], to: try fanout.address(), input: file, in: redis.folder)
        #expect(answer.hasSuffix("errors: 0, replies: \(count)"))
        #expect(try Redis.cli(["DBSIZE"], to: redis.address, in: redis.folder) == "\(count)")
        #expect(try Redis.cli(["GET", "key:77777"], to: redis.address, in: redis.folder) == "value:77777")
        try fanout.expectCleanEnds()
    }

    /// The requests are multiples of the pipeline's length: else redis-benchmark closes with answers unread, which is a
    /// reset with and without a proxy.
    @Test(arguments: [
        (["-c", "50"], 20_000),
        (["-c", "50", "-P", "16"], 100_000),
        (["-c", "1000"], 20_000),
        // A connection for each request.
        (["-c", "20", "-k", "0"], 2_000),
    ])
    func benchmarkOverThreeServers(_ options: [String], _ requests: Int) throws {
        let servers = try (0..<3).map { _ in try Redis() }
        defer { for server in servers { server.stop() } }
        let fanout = try proxy(to: servers.map(\.address))
        defer { fanout.stop() }
        let folder = servers[0].folder
        let load = options + ["-n", "\(requests)", "-t", "set,get", "-r", "1000", "-q"]
        let benchmark = try Command(
            try #require(Programs.redisBenchmark),
            Redis.arguments(try fanout.address()) + load,
            in: folder
        )
        let output = try benchmark.succeed() + benchmark.errors
        #expect(!output.lowercased().contains("error"), "\(output)")
        #expect(output.contains("SET:") && output.contains("GET:"), "\(output)")
        let processed = try servers.map { try $0.info("total_commands_processed") }
        #expect(processed.reduce(0, +) >= 2 * requests)
        for server in servers { #expect(try server.info("total_connections_received") > 0) }
        try fanout.expectCleanEnds()
    }

    @Test func publishedMessagesArriveInOrder() throws {
        let redis = try Redis()
        defer { redis.stop() }
        let fanout = try proxy(to: [redis.address])
        defer { fanout.stop() }
        let address = try fanout.address()
        let subscriber = try Redis.startCLI(["--raw", "SUBSCRIBE", "news"], to: address, in: redis.folder)
        try waitUntil("subscription") { try redis.info("pubsub_channels") == 1 }
        let messages = (1...20_000).map { "message:\($0)" }
        let file = try redis.folder.newFile("news", messages.map { "PUBLISH news \($0)\r\n" }.joined())
        let answer = try Redis.cli(["--pipe"], to: address, input: file, in: redis.folder)
        #expect(answer.hasSuffix("errors: 0, replies: \(messages.count)"))
        try waitUntil("last message") { subscriber.output.hasSuffix("\n\(messages.last ?? "")") }
        let received = subscriber.output.split(separator: "\n").filter { $0.hasPrefix("message:") }
        #expect(received.map { String($0) } == messages)
        subscriber.stop()
        try fanout.expectCleanEnds()
    }

    @Test func blockedCommandsAreReleased() throws {
        let redis = try Redis()
        defer { redis.stop() }
        let fanout = try proxy(to: [redis.address])
        defer { fanout.stop() }
        let address = try fanout.address()
        let waiting = try (0..<3).map { _ in
            try Redis.startCLI(["--raw", "BLPOP", "queue", "0"], to: address, in: redis.folder)
        }
        try waitUntil("three blocked clients") { try redis.info("blocked_clients") == waiting.count }
        for value in ["a", "b", "c"] {
            #expect(try Redis.cli(["RPUSH", "queue", value], to: address, in: redis.folder) == "1")
        }
        let answers = try waiting.map { try $0.succeed() }
        #expect(answers.sorted() == ["queue\na", "queue\nb", "queue\nc"])
        try fanout.expectCleanEnds()
    }

    @Test func transactionsStayOnTheirConnection() throws {
        let redis = try Redis()
        defer { redis.stop() }
        let fanout = try proxy(to: [redis.address])
        defer { fanout.stop() }
        let address = try fanout.address()
        let commands = try redis.folder.newFile("transaction", "MULTI\nSET n 41\nINCR n\nEXEC\n")
        let answer = try Redis.cli(["--raw"], to: address, input: commands, in: redis.folder)
        #expect(answer == "OK\nQUEUED\nQUEUED\nOK\n42")

        // A watched key that another connection changes: the transaction is refused, on its connection alone.
        let first = try LineClient(to: address)
        let second = try LineClient(to: address)
        #expect(try first.redis("WATCH n") == "+OK")
        #expect(try first.redis("MULTI") == "+OK")
        #expect(try first.redis("SET n 0") == "+QUEUED")
        #expect(try second.redis("SET n 43") == "+OK")
        #expect(try first.redis("EXEC") == "*-1")
        #expect(try second.redis("INCR n") == ":44")
        first.close()
        second.close()
        try fanout.expectCleanEnds()
    }

    /// The server ends the stream, by request of this client or of another.
    @Test func theServersEndIsAnEndOfStream() throws {
        let redis = try Redis()
        defer { redis.stop() }
        let fanout = try proxy(to: [redis.address])
        defer { fanout.stop() }
        let address = try fanout.address()
        let leaving = try LineClient(to: address)
        #expect(try leaving.redis("QUIT") == "+OK")
        #expect(try leaving.readUntilEnd().end == .endOfStream)
        let victim = try LineClient(to: address)
        let identifier = try victim.redis("CLIENT ID").dropFirst()
        #expect(try Redis.cli(["CLIENT", "KILL", "ID", "\(identifier)"], to: address, in: redis.folder) == "1")
        #expect(try victim.readUntilEnd().end == .endOfStream)
        leaving.close()
        victim.close()
        #expect(try fanout.endings().filter { $0 == "upstream_fin" }.count == 2)
        try fanout.expectCleanEnds()
    }

    /// SIGKILL of one of three: its clients learn it, the others notice nothing, new ones find a living server.
    @Test func aKilledServerTakesOnlyItsOwnConnections() throws {
        let rig = try RedisRig()
        defer { rig.stop() }
        let dead = rig.servers[0]
        rig.visitors.start()
        try rig.visitors.waitForRounds(20)
        try dead.server.end(SIGKILL)
        for client in rig.clients[0] { _ = try client.readUntilEnd() }
        for _ in 0..<60 {
            let client = try LineClient(to: rig.address)
            #expect(try client.redis("PING") == "+PONG")
            client.close()
        }
        try rig.visitors.waitForRounds(20)
        #expect(rig.visitors.stop() == [])
        for client in rig.clients.joined() { client.close() }
        let endings = try rig.fanout.endings()
        // How many of the dead server's connections ended with a reset depends on what it had not read.
        let unclean = endings.filter { $0 != "client_fin" && $0 != "upstream_fin" && $0 != "upstream_reset" }
        #expect(unclean.isEmpty)
        #expect(endings.filter { $0 == "client_fin" }.count >= 60 + 2 * RedisRig.clientsOfEach)
        // A refusal leads to the next server, at once and never to the dead one again.
        #expect(rig.fanout.access.allSatisfy { ($0["attempts"] as? Int ?? 0) <= 2 })
        #expect(try rig.fanout.quit() == 0)
    }

    /// SIGSTOP of one of three, as a server that is overloaded or swaps: it stops nobody else, and loses nothing.
    @Test func aStoppedServerHoldsUpOnlyItsOwnConnections() throws {
        let rig = try RedisRig()
        defer { rig.stop() }
        let stopped = rig.servers[0]
        rig.visitors.start()
        stopped.server.signal(SIGSTOP)
        try waitUntil("stop") { try ProcessState.of(stopped.server.pid) == "T" }
        // More than buffers can hold, so that the proxy has to hold back too.
        let chunk = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        let large = 32 << 20
        try rig.clients[0][0].sendAll("*3\r\n$3\r\nSET\r\n$5\r\nlarge\r\n$\(large)\r\n")
        var sent = 0
        while true {
            let count = try rig.clients[0][0].sendWhatFits(chunk)
            if count == 0 { break }
            sent += count
        }
        for client in rig.clients[0].dropFirst() { try client.sendAll("INCR late\r\n") }
        try rig.visitors.waitForRounds(50)
        stopped.server.signal(SIGCONT)
        for client in rig.clients[0].dropFirst() { #expect(try client.redisLine().hasPrefix(":")) }
        try rig.clients[0][0].sendAll([UInt8](repeating: UInt8(ascii: "x"), count: large - sent), within: 60)
        try rig.clients[0][0].sendAll("\r\n")
        #expect(try rig.clients[0][0].redisLine() == "+OK")
        #expect(try rig.clients[0][0].redis("STRLEN large") == ":\(large)")
        #expect(try rig.clients[0][0].redis("GET late") == "$1")
        #expect(try rig.clients[0][0].redisLine() == "\(RedisRig.clientsOfEach - 1)")
        #expect(rig.visitors.stop() == [])
        for client in rig.clients.joined() { client.close() }
        try rig.fanout.expectCleanEnds()
    }
}
