import Foundation
import Testing
import Traffic

/// PostgreSQL behind the proxy is PostgreSQL: a real server, psql and pgbench.
@Suite(.serialized, .enabled(if: Postgres.isInstalled, "needs postgresql and postgresql-contrib"))
struct PostgresTests {
    @Test func benchmarkInAllItsWays() throws {
        let postgres = try Postgres()
        defer { postgres.stop() }
        let fanout = try proxy(to: [postgres.address])
        defer { fanout.stop() }
        let address = try fanout.address()
        try Postgres.bench(["-i", "-s", "2", "-q"], at: address, in: postgres.folder)
        let clients = 8
        // -C is a connection for each transaction.
        for (options, transactions) in [([], 200), (["-M", "prepared"], 200), (["-C"], 25)] {
            let output = try Postgres.bench(
                ["-c", "\(clients)", "-j", "2", "-t", "\(transactions)"] + options,
                at: address,
                in: postgres.folder
            )
            let expected = clients * transactions
            #expect(output.contains("actually processed: \(expected)/\(expected)"), "\(output)")
            #expect(output.contains("number of failed transactions: 0 "), "\(output)")
            // Each run empties the history.
            let count = try Postgres.query(
                "SELECT count(*) FROM pgbench_history",
                at: postgres.address,
                in: postgres.folder
            )
            #expect(count == "\(expected)")
        }
        // Every transaction adds the same amount to an account and to a branch.
        let sums = try Postgres.query(
            "SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(bbalance) FROM pgbench_branches)",
            at: postgres.address,
            in: postgres.folder
        )
        #expect(sums == "t")
        #expect(try fanout.state().total("accepted") > clients * 25)
        try fanout.expectCleanEnds()
    }

    @Test func copiesInAndOutAreTheSame() throws {
        let postgres = try Postgres()
        defer { postgres.stop() }
        let fanout = try proxy(to: [postgres.address])
        defer { fanout.stop() }
        let address = try fanout.address()
        let rows = try Postgres.start(
            ["COPY (SELECT i, repeat(md5(i::text), 3) FROM generate_series(1, 120000) AS i) TO STDOUT"],
            at: postgres.address,
            in: postgres.folder
        )
        try rows.succeed()
        let original = try Data(contentsOf: URL(fileURLWithPath: rows.outputFile))
        #expect(original.count > 10 << 20)
        try Postgres.query(
            "CREATE TABLE copied (i integer, t text)",
            "COPY copied FROM STDIN",
            at: address,
            input: rows.outputFile,
            in: postgres.folder
        )
        for source in [postgres.address, address] {
            let copy = try Postgres.start(["COPY copied TO STDOUT"], at: source, in: postgres.folder)
            try copy.succeed()
            let answer = try Data(contentsOf: URL(fileURLWithPath: copy.outputFile))
            #expect(answer == original, "\(answer.count) bytes, asked at \(source)")
        }
        try fanout.expectCleanEnds()
    }

    @Test func notificationsReachAListener() throws {
        let postgres = try Postgres()
        defer { postgres.stop() }
        let fanout = try proxy(to: [postgres.address])
        defer { fanout.stop() }
        let address = try fanout.address()
        try Postgres.query("CREATE TABLE sent ()", at: address, in: postgres.folder)
        // psql shows notifications after a command: here after one that lasts until all have been sent.
        let listener = try Postgres.start(
            [
                "LISTEN news",
                "DO 'BEGIN WHILE NOT EXISTS (SELECT FROM sent) LOOP PERFORM pg_sleep(0.01); END LOOP; END'",
            ],
            at: address,
            in: postgres.folder
        )
        try postgres.waitForActive("DO 'BEGIN%")
        let payloads = (1...100).map { "item \($0)" }
        try Postgres.query(
            "SELECT pg_notify('news', 'item ' || i) FROM generate_series(1, 100) AS i",
            "INSERT INTO sent DEFAULT VALUES",
            at: address,
            in: postgres.folder
        )
        let lines = try listener.succeed().split(separator: "\n")
        #expect(lines.count == payloads.count)
        for (line, payload) in zip(lines, payloads) {
            #expect(line.hasPrefix("Asynchronous notification \"news\" with payload \"\(payload)\" received"))
        }
        try fanout.expectCleanEnds()
    }

    /// The request to cancel comes on a connection of its own.
    @Test func anInterruptedQueryIsCancelled() throws {
        let postgres = try Postgres()
        defer { postgres.stop() }
        let fanout = try proxy(to: [postgres.address])
        defer { fanout.stop() }
        let address = try fanout.address()
        let sleeper = try Postgres.start(["SELECT pg_sleep(600)"], at: address, in: postgres.folder)
        try postgres.waitForActive("SELECT pg_sleep%")
        sleeper.signal(SIGINT)
        #expect(try sleeper.exitCode() != 0)
        #expect(sleeper.errors.contains("canceling statement due to user request"), "\(sleeper.errors)")
        #expect(try fanout.endings().count == 2)
        try fanout.expectCleanEnds()
    }

    @Test func othersMayCancelAndTerminate() throws {
        let postgres = try Postgres()
        defer { postgres.stop() }
        let fanout = try proxy(to: [postgres.address])
        defer { fanout.stop() }
        let address = try fanout.address()
        for (function, message) in [
            ("pg_cancel_backend", "canceling statement due to user request"),
            ("pg_terminate_backend", "terminating connection due to administrator command"),
        ] {
            let sleeper = try Postgres.start(["SELECT pg_sleep(600)"], at: address, in: postgres.folder)
            try postgres.waitForActive("SELECT pg_sleep%")
            let answer = try Postgres.query(
                "SELECT \(function)(pid) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'",
                at: address,
                in: postgres.folder
            )
            #expect(answer == "t")
            #expect(try sleeper.exitCode() != 0)
            #expect(sleeper.errors.contains(message), "\(sleeper.errors)")
        }
        try fanout.expectCleanEnds()
    }
}

extension Postgres {
    /// Waits until the server works on a query like this; asked without the proxy.
    func waitForActive(_ pattern: String) throws {
        let quoted = pattern.replacingOccurrences(of: "'", with: "''")
        try waitUntil("query \(pattern)") {
            let count = try Self.query(
                "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '\(quoted)'",
                at: address,
                in: folder
            )
            return count == "1"
        }
    }
}
