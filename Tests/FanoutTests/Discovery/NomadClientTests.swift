import Glibc
import NIOCore
import NIOPosix
import Testing

@testable import Fanout

/// A client on an event loop of its own.
private actor Caller {
    nonisolated let loop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.executor.asUnownedSerialExecutor() }
    private let client: NomadClient

    init(_ path: String, _ loop: any EventLoop, _ deadlines: RequestDeadlines) throws {
        self.loop = loop
        let address = try NomadAddress("unix://\(path)", setBy: "test", environment: [:])
        client = NomadClient(address: address, deadlines: deadlines, loop: loop)
    }

    func get(index: UInt64? = nil, token: String? = "t.o.k") async -> Result<NomadAnswer, DiscoveryFailure> {
        let request = NomadRequest(
            service: "redis",
            namespace: "de fault",
            region: "global",
            stale: true,
            index: index,
            wait: .seconds(60)
        )
        return await client.get(request, token: token)
    }

    func abandon() { client.abandon() }
}

@Suite struct NomadClientTests {
    private typealias Exchange = ScriptedServer.Exchange

    private func withClient(
        _ script: @escaping @Sendable (Exchange) -> Void,
        deadlines: RequestDeadlines = RequestDeadlines(),
        _ body: (Caller, ScriptedServer) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try ScriptedServer(script)
        let caller = try Caller(server.path, group.next(), deadlines)
        try await body(caller, server)
        await caller.abandon()
        server.stop()
        try await group.shutdownGracefully()
    }

    private func failure(_ result: Result<NomadAnswer, DiscoveryFailure>) -> DiscoveryFailure.Reason? {
        guard case .failure(let failure) = result else { return nil }
        return failure.reason
    }

    private func excerpt(_ result: Result<NomadAnswer, DiscoveryFailure>) -> String? {
        guard case .success(let answer) = result else { return nil }
        return answer.excerpt
    }

    private func timedOut(_ result: Result<NomadAnswer, DiscoveryFailure>) -> DiscoveryFailure.Phase? {
        guard case .failure(.timedOut(let phase)) = result else { return nil }
        return phase
    }

    @Test func asksAsNomadExpectsAndKeepsTheConnection() async throws {
        try await withClient {
            $0.answer("[]", index: "42", extra: "X-Nomad-Knownleader: true\r\n")
        } _: { caller, server in
            let first = try await caller.get().get()
            #expect(first.status == 200 && first.index == 42 && first.knownLeader && first.excerpt == "[]")
            _ = try await caller.get(index: 42, token: nil).get()
            let requests = server.requests
            #expect(
                requests[0] == "GET /v1/service/redis?namespace=de%20fault&region=global&stale= HTTP/1.1\r\n"
                    + "Host: 127.0.0.1\r\nUser-Agent: fanout\r\nAccept: application/json\r\nX-Nomad-Token: t.o.k"
            )
            #expect(
                requests[1].hasPrefix(
                    "GET /v1/service/redis?index=42&namespace=de%20fault&region=global&stale=&wait=60000ms "
                )
            )
            #expect(!requests[1].contains("X-Nomad-Token"))
            #expect(server.connections == 1)
        }
    }

    @Test func takesChunksExtensionsTrailersAndTrickles() async throws {
        try await withClient {
            $0.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Nomad-Index: 7\r\n\r\n")
            for byte in "[1,2]" { $0.write("1;x=y\r\n\(byte)\r\n") }
            $0.write("0\r\nTrailer: x\r\n\r\n")
        } _: { caller, server in
            for _ in 0..<2 {
                let answer = try await caller.get().get()
                #expect(answer.excerpt == "[1,2]")
            }
            #expect(server.connections == 1)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n",
        "HTTP/1.1 200", "", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n[]",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n[]\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ])
    func anIncompleteAnswerIsNone(bytes: String) async throws {
        try await withClient {
            $0.write(bytes)
            $0.close()
        } _: { caller, _ in
            #expect(failure(await caller.get()) == .brokenConnection)
            #expect(failure(await caller.get()) == .brokenConnection)
        }
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n[]",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        "HTTP/1.0 200 OK\r\n\r\n[]",
    ])
    func aClosedConnectionIsReplaced(bytes: String) async throws {
        try await withClient {
            $0.write(bytes)
            $0.close()
        } _: { caller, server in
            for _ in 0..<2 {
                let answer = try await caller.get().get()
                #expect(answer.excerpt == "[]")
            }
            #expect(server.connections == 2)
        }
    }

    @Test func anAnswerThatNobodyAskedForEndsTheConnection() async throws {
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
        try await withClient {
            $0.write($0.connection == 0 ? "\(answer)[1]\(answer)[6]" : "\(answer)[2]")
        } _: { caller, server in
            #expect(await excerpt(caller.get()) == "[1]")
            #expect(await excerpt(caller.get()) == "[2]")
            #expect(server.connections == 2)
        }
    }

    @Test func aKeptConnectionThatDiedIsReplacedOnce() async throws {
        try await withClient {
            if $0.number == 1 { $0.close() } else { $0.answer("[]") }
        } _: { caller, server in
            _ = try await caller.get().get()
            #expect(await excerpt(caller.get()) == "[]")
            #expect(server.connections == 2 && server.requests.count == 3)
        }
    }

    @Test func aHugeBodyIsRefusedBeforeItComes() async throws {
        try await withClient {
            $0.write("HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n[")
        } _: { caller, _ in
            #expect(failure(await caller.get()) == .oversizedBody)
        }
    }

    @Test func aHugeChunkedBodyIsCutOff() async throws {
        let piece = String(repeating: "x", count: 0x10000)
        try await withClient {
            $0.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in 0...(NomadConnection.longestBody / 0x10000) { $0.write("10000\r\n\(piece)\r\n") }
        } _: { caller, _ in
            #expect(failure(await caller.get()) == .oversizedBody)
        }
    }

    @Test func silenceHasItsDeadlines() async throws {
        let silent: @Sendable (Exchange) -> Void = { _ in }
        var short = RequestDeadlines()
        short.answer = .milliseconds(20)
        try await withClient(silent, deadlines: short) { caller, _ in
            #expect(timedOut(await caller.get()) == .answer)
        }
        short = RequestDeadlines()
        short.bodyStall = .milliseconds(20)
        let begins: @Sendable (Exchange) -> Void = { $0.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[") }
        try await withClient(begins, deadlines: short) { caller, _ in
            #expect(timedOut(await caller.get()) == .body)
        }
        #expect(RequestDeadlines().answer(to: request(index: 1)) == .milliseconds(93_750))
        #expect(RequestDeadlines().answer(to: request(index: nil)) == .seconds(30))
    }

    @Test func aTrickleHasADeadlineToo() async throws {
        var short = RequestDeadlines()
        short.wholeBody = .milliseconds(100)
        let script: @Sendable (Exchange) -> Void = {
            $0.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            for _ in 0..<400 {
                $0.write("x")
                usleep(1000)
            }
        }
        try await withClient(script, deadlines: short) { caller, _ in
            #expect(timedOut(await caller.get()) == .body)
        }
    }

    @Test func aMissingAgentIsRecognised() async throws {
        try await withClient {
            $0.answer("[]")
        } _: { caller, server in
            _ = try await caller.get().get()
            server.stop()
            guard case .failure(.unreachable(_, agentAbsent: true)) = await caller.get() else {
                Issue.record("the agent is absent")
                return
            }
            try server.listen()
            #expect(await excerpt(caller.get()) == "[]")
        }
    }

    @Test func abandonEndsTheWait() async throws {
        try await withClient { _ in
        } _: { caller, server in
            async let result = caller.get(index: 5)
            #expect(await eventually { server.requests.count == 1 })
            await caller.abandon()
            #expect(failure(await result) == .abandoned)
        }
    }

    @Test(
        arguments: [
            ("18446744073709551615", UInt64.max), ("0", 0), ("", nil), ("+5", nil), ("-1", nil), ("1.0", nil),
            ("abc", nil),
            ("18446744073709551616", nil),
        ] as [(String, UInt64?)]
    )
    func readsTheIndexStrictly(text: String, index: UInt64?) async throws {
        try await withClient {
            $0.answer("[]", index: text)
        } _: { caller, _ in
            let answer = try await caller.get().get()
            #expect(answer.index == index)
        }
    }

    private func request(index: UInt64?) -> NomadRequest {
        NomadRequest(service: "s", namespace: "n", region: nil, stale: false, index: index, wait: .seconds(60))
    }
}
