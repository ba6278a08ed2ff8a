import Foundation
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Fanout

@Suite struct DiscoveryTests {
    /// What the sink was given, in order.
    private final class Received: Sendable {
        private let box = NIOLockedValueBox<[String]>([])
        var all: [String] { box.withLockedValue { $0 } }
        func add(_ service: Int, _ endpoints: [Endpoint]) {
            let text = "\(service): " + endpoints.map(\.address.description).joined(separator: " ")
            box.withLockedValue { $0.append(text) }
        }
    }

    /// Keeps log lines with their level.
    private struct Recorder: LogHandler {
        let lines: NIOLockedValueBox<[String]>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) {
            lines.withLockedValue { $0.append("\(event.level): \(event.message)") }
        }
    }

    private static func row(_ host: String, _ port: Int) -> String {
        #"{"Address":"\#(host)","Port":\#(port),"ID":"\#(host)","AllocID":"a-\#(host)","CreateIndex":5}"#
    }

    private static func hasIndex(_ request: String, _ index: Int) -> Bool { request.contains("index=\(index)&") }

    private let received = Received()
    private let lines = NIOLockedValueBox<[String]>([])

    private func discovery(
        _ server: ScriptedServer,
        _ sources: [ServiceSource] = [.nomad(service: "redis", namespace: nil)],
        environment: [String: String] = ["NOMAD_TOKEN": "t.o.k"],
        adjust: (inout DiscoverySettings) -> Void = { _ in }
    ) throws -> Discovery {
        let address = try NomadAddress("unix://\(server.path)", setBy: "test", environment: [:])
        var settings = DiscoverySettings(address: address, environment: environment)
        adjust(&settings)
        let sources = sources.enumerated().map { (index: $0.offset, source: $0.element) }
        let (received, lines) = (received, lines)
        let logger = Logger(label: "test") { _ in Recorder(lines: lines) }
        return try Discovery(services: sources, settings: settings, logger: logger) { received.add($0, $1) }
    }

    /// Stops on a thread of its own: blocking the few threads of Swift's runtime would stop all tests.
    private func stop(_ discovery: Discovery) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                discovery.stop()
                continuation.resume()
            }
        }
    }

    @Test func numericFixedEndpointsAreHandedOverBeforeStartReturns() throws {
        let received = received
        let places = [HostPort(host: "127.0.0.1", port: 1), HostPort(host: "::1", port: 2)]
        let discovery = try Discovery(
            services: [(index: 3, source: .fixed(places)), (index: 4, source: .fixed([]))],
            settings: DiscoverySettings(address: nil, environment: [:]),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { received.add($0, $1) }
        discovery.start()
        #expect(received.all == ["3: 127.0.0.1:1 [::1]:2", "4: "])
        discovery.refresh()
        discovery.stop()
        discovery.stop()
        #expect(received.all.count == 2)
    }

    @Test func nomadWithoutAnAddressIsRefused() {
        let settings = DiscoverySettings(address: nil, environment: [:])
        let source = ServiceSource.nomad(service: "redis", namespace: nil)
        #expect(throws: NomadSetupError.noAddress) {
            try Discovery(services: [(0, source)], settings: settings, logger: Logger(label: "test")) { _, _ in }
        }
    }

    @Test func followsTheCatalogue() async throws {
        let server = try ScriptedServer { exchange in
            switch exchange.request {
            case let request where Self.hasIndex(request, 7):
                exchange.answer("[\(Self.row("10.0.0.1", 1)),\(Self.row("10.0.0.2", 2))]", index: "9")
            case let request where Self.hasIndex(request, 9): break
            default: exchange.answer("[\(Self.row("10.0.0.1", 1))]", index: "7")
            }
        }
        let discovery = try discovery(server)
        discovery.start()
        #expect(await eventually { server.requests.contains { Self.hasIndex($0, 9) } })
        #expect(received.all == ["0: 10.0.0.1:1", "0: 10.0.0.1:1 10.0.0.2:2"])
        let service = try #require(discovery.statistics.services[0])
        #expect(service.updates[.changed] == 2 && service.index == 9 && service.registrations == 2)
        #expect(service.lastSuccess > 1_600_000_000 && !service.isFailing && service.errors.isEmpty)
        await stop(discovery)
        #expect(server.connections == 1)
        #expect(server.requests[0].contains("GET /v1/service/redis?namespace=default&stale= "))
        server.stop()
    }

    @Test func refreshAsksAtOnceWithoutIndexAndReadsTheToken() async throws {
        let server = try ScriptedServer { exchange in
            if exchange.request.contains("index=") { return }
            exchange.answer("[\(Self.row("10.0.0.1", 1))]", index: "7")
        }
        let token = server.folder.appendingPathComponent("token").path
        try "first.token.x".write(toFile: token, atomically: false, encoding: .utf8)
        let discovery = try discovery(server) { $0.tokenFile = token }
        discovery.start()
        #expect(await eventually { server.requests.count == 2 })
        try "second.token.y".write(toFile: token, atomically: false, encoding: .utf8)
        discovery.refresh()
        #expect(await eventually { server.requests.count == 4 })
        await stop(discovery)
        let requests = server.requests
        #expect(requests[0].hasSuffix("first.token.x") && requests[1].contains("index=7"))
        #expect(requests[2].hasSuffix("second.token.y") && !requests[2].contains("index="))
        #expect(requests[3].contains("index=7"))
        #expect(received.all == ["0: 10.0.0.1:1"])
        #expect(discovery.statistics.tokenRefreshes == [.changed: 2])
        #expect(discovery.statistics.services[0]?.errors == [:])
        server.stop()
    }

    @Test func aRefusedTokenIsReadAgainAndTheOutageIsReportedOnce() async throws {
        let state = NIOLockedValueBox("")
        let server = try ScriptedServer { exchange in
            if exchange.request.hasSuffix("new.token.x") {
                if !exchange.request.contains("index=") { exchange.answer("[]", index: "3") }
                return
            }
            // The rotation happens while the old token is on its way.
            if exchange.number == 2 {
                try? "new.token.x".write(toFile: state.withLockedValue { $0 }, atomically: false, encoding: .utf8)
            }
            exchange.refuse(500, "Server error authenticating request\n")
        }
        let token = server.folder.appendingPathComponent("token").path
        state.withLockedValue { $0 = token }
        try "old.token.x".write(toFile: token, atomically: false, encoding: .utf8)
        let discovery = try discovery(server) { $0.tokenFile = token }
        discovery.start()
        let received = received
        #expect(await eventually { received.all == ["0: "] })
        await stop(discovery)
        #expect(discovery.statistics.services[0]?.errors == [.refused: 3])
        let told = lines.withLockedValue { $0 }
        #expect(told.filter { $0.contains("discovery fails") && $0.contains("identity { file = true }") }.count == 1)
        #expect(told.filter { $0.contains("works again") }.count == 1)
        #expect(!told.contains { $0.contains("token.x") })
        server.stop()
    }

    @Test func anOutageKeepsTheEndpointsAndEndsByItself() async throws {
        let server = try ScriptedServer { exchange in
            if !exchange.request.contains("index=") { exchange.answer("[\(Self.row("10.0.0.1", 1))]", index: "7") }
        }
        let discovery = try discovery(server)
        discovery.start()
        #expect(await eventually { server.requests.count == 2 })
        server.stop()
        #expect(await eventually { discovery.statistics.services[0]?.isFailing == true })
        let before = server.requests.count
        try server.listen()
        #expect(await eventually { server.requests.count == before + 2 })
        #expect(await eventually { discovery.statistics.services[0]?.isFailing == false })
        await stop(discovery)
        #expect(received.all == ["0: 10.0.0.1:1"])
        #expect(discovery.statistics.services[0]?.updates == [.changed: 1, .unchanged: 1])
        server.stop()
    }

    @Test func anEmptyAnswerIsConfirmedByTheLeader() async throws {
        let server = try ScriptedServer { exchange in
            switch exchange.number {
            case 0: exchange.answer("[\(Self.row("10.0.0.1", 1))]", index: "7")
            case 1, 2: exchange.answer("[]", index: "8")
            default: break
            }
        }
        let discovery = try discovery(server)
        discovery.start()
        #expect(await eventually { server.requests.count == 4 })
        await stop(discovery)
        #expect(!server.requests[2].contains("stale") && !server.requests[2].contains("index="))
        #expect(received.all == ["0: 10.0.0.1:1", "0: "])
        server.stop()
    }

    @Test func namesAreResolvedAndServicesAreIndependent() async throws {
        let server = try ScriptedServer { exchange in
            if exchange.request.contains("/v1/service/web?") {
                if !exchange.request.contains("index=") {
                    exchange.answer("[\(Self.row("localhost", 80))]", index: "7")
                }
            }
        }
        let sources: [ServiceSource] = [
            .nomad(service: "web", namespace: "other"), .nomad(service: "silent", namespace: nil),
            .fixed([HostPort(host: "localhost", port: 81)]),
        ]
        let discovery = try discovery(server, sources)
        discovery.start()
        let received = received
        #expect(await eventually { received.all.count == 2 })
        #expect(received.all.contains { $0.hasPrefix("0: ") && $0.contains(":80") })
        #expect(received.all.contains { $0.hasPrefix("2: ") && $0.contains(":81") })
        await stop(discovery)
        server.stop()
    }

    @Test func aMissingTokenFileIsExplained() async throws {
        let server = try ScriptedServer { $0.answer("[]") }
        let discovery = try discovery(server, environment: [:])
        discovery.start()
        let lines = lines
        #expect(await eventually { lines.withLockedValue { !$0.isEmpty } })
        await stop(discovery)
        #expect(lines.withLockedValue { $0[0].contains("identity { file = true }") })
        #expect(server.requests.isEmpty)
        server.stop()
    }
}
