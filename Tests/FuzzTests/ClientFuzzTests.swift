import Foundation
import Fuzzing
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import Fanout

/// The whole client in front of a server that answers every query with something else.
@Suite struct ClientFuzzTests {
    /// Clients at once: one that waits for a stalled answer does not hold up the others.
    private static let width = 8

    @Test(.timeLimit(.minutes(30)))
    func mutatedAnswersAndThenGoodOnes() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let seeds = SharedBudget(Budget(cases: 60, share: 0.25))
        let answers = await withTaskGroup(of: Int.self) { tasks in
            for _ in 0..<Self.width {
                tasks.addTask {
                    var answers = 0
                    while let seed = seeds.next() { answers += await ClientEpisode(seed, on: group.next()).run() }
                    return answers
                }
            }
            return await tasks.reduce(0, +)
        }
        seeds.budget.report("answers to the whole client", units: answers)
        try await group.shutdownGracefully()
    }
}

/// A client's life: some sixty mutated answers, then good ones until the good state is back.
private struct ClientEpisode {
    private static let mutants = 60
    /// A client that does not come back within this time never will.
    private static let patience = 20.0

    private let seed: UInt64
    private let loop: any EventLoop
    private let folder: URL

    init(_ seed: UInt64, on loop: any EventLoop) {
        self.seed = seed
        self.loop = loop
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("fz-\(UUID().uuidString.prefix(8))")
    }

    /// Returns the number of mutated answers that were given.
    func run() async -> Int {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let truth = try ClientTruth(seed: seed, mutants: Self.mutants)
            let server = AnswerServer(path: folder.appendingPathComponent("s").path) { _ in truth.answer() }
            let client = try ClientUnderTest(folder.appendingPathComponent("s").path, on: loop, truth)
            let life = Task(executorPreference: EventLoopExecutor(loop: loop)) { await client.run() }
            let end = Date().addingTimeInterval(Self.patience)
            while !truth.isOver, Date() < end { try await Task.sleep(for: .milliseconds(1)) }
            if !truth.isOver { truth.fail("the good state is not back after \(Self.patience) s") }
            await client.stop()
            server.stop()
            await life.value
            for fault in truth.faults { Issue.record("\(fault)") }
            return truth.mutantsGiven
        } catch {
            Issue.record("seed \(seed): \(error)")
            return 0
        }
    }
}

/// The product's watcher and resolver on the event loop, with pauses that take no time.
private actor ClientUnderTest {
    nonisolated let loop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.executor.asUnownedSerialExecutor() }
    private let watcher: ServiceWatcher

    init(_ path: String, on loop: any EventLoop, _ truth: ClientTruth) throws {
        self.loop = loop
        let environment = ["NOMAD_TOKEN": "t.o.k"]
        let address = try NomadAddress("unix://\(path)", setBy: "test", environment: environment)
        var settings = DiscoverySettings(address: address, environment: environment)
        settings.wait = .milliseconds(1)
        settings.deadlines.answer = .milliseconds(500)
        settings.deadlines.bodyStall = .milliseconds(500)
        settings.deadlines.wholeBody = .seconds(2)
        settings.pauses = { pause in
            truth.note(pause: pause)
            return .zero
        }
        var silent = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
        silent.logLevel = .trace
        watcher = ServiceWatcher(
            ServiceWatcher.Subject(service: 0, name: "redis", namespace: "default", region: nil),
            settings: settings,
            address: address,
            identity: WorkloadIdentity(explicitFile: nil, environment: environment) { _ in },
            monitor: truth.monitor,
            logger: silent,
            loop: loop
        ) { rows in
            truth.applied(rows.map(ServiceReading.Row.init))
        }
    }

    func run() async { await watcher.run() }

    func stop() { watcher.stop() }
}

/// A budget that several tasks draw from.
private final class SharedBudget: Sendable {
    private let box: NIOLockedValueBox<Budget>

    init(_ budget: Budget) { box = NIOLockedValueBox(budget) }

    func next() -> UInt64? { box.withLockedValue { $0.next() } }

    var budget: Budget { box.withLockedValue { $0 } }
}
