import Fuzzing
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Fanout

/// The HTTP of an answer on the product's own pipeline, without a network: the same bytes in the same pieces every time.
@Suite struct FramingFuzzTests {
    @Test func everyCorpusAnswerIsReadAsTheContractSays() throws {
        for entry in Corpus.entries("http") {
            #expect(FramingTrial(WireAnswer(entry.bytes)).fault == nil, "\(entry.name)")
        }
    }

    @Test func mutatedAnswers() throws {
        let mutator = HTTPMutator.ofCorpus()
        let evidence = try Evidence("FramingFuzzTests")
        var budget = Budget(cases: 5_000, share: 0.15)
        var (complete, refused, untold) = (0, 0, 0)
        while let seed = budget.next() {
            var random = SeededRandom(seed: seed)
            let answer = mutator.answer(floods: nil, using: &random)
            evidence.begin(seed, answer.bytes)
            let trial = FramingTrial(answer)
            switch trial.expected {
            case .complete: complete += 1
            case .refused: refused += 1
            case .untold: untold += 1
            }
            if let fault = trial.fault { Issue.record("\(evidence.failed(fault))") }
        }
        budget.report("answers on the pipeline (\(complete) whole, \(refused) broken, \(untold) open)")
        guard budget.count >= 1_000 else { return }
        #expect(complete > budget.count / 10 && refused > budget.count / 20)
        #expect(untold < budget.count / 2)
    }

    /// An answer that never ends is given up at a limit of bytes, whatever it consists of.
    @Test(arguments: Endless.allCases)
    func endlessAnswers(kind: Endless) throws {
        let trial = FramingTrial(kind.answer)
        #expect(trial.fault == nil)
        if let limit = kind.limit { #expect(trial.floodTaken < limit, "\(trial.floodTaken) bytes were taken") }
    }
}

/// One answer on a connection of its own.
private struct FramingTrial {
    let expected: WireReading
    /// Bytes of the flood until the connection was closed.
    private(set) var floodTaken = 0
    private var outcomes: [Result<NomadAnswer, DiscoveryFailure>]

    init(_ answer: WireAnswer) {
        expected = WireReading(answer.bytes)
        let channel = EmbeddedChannel()
        let connection = NomadConnection(deadlines: RequestDeadlines())
        let ends = Ends()
        outcomes = []
        do {
            try channel.pipeline.syncOperations.addHTTPClientHandlers()
            try channel.pipeline.syncOperations.addHandler(connection)
            try channel.connect(to: NIOCore.SocketAddress(unixDomainSocketPath: "/server")).wait()
        } catch {
            Issue.record("no pipeline: \(error)")
        }
        let request = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/v1/service/redis")
        connection.send(request, answerWithin: .seconds(1)) { ends.outcomes.append($0) }
        for piece in answer.pieces where channel.isActive { _ = try? channel.writeInbound(ByteBuffer(bytes: piece)) }
        if let flood = answer.flood {
            let block = ByteBuffer(bytes: Array(repeatElement(flood.unit, count: 64).joined()))
            while channel.isActive, floodTaken < flood.total {
                _ = try? channel.writeInbound(block)
                floodTaken += block.readableBytes
            }
        }
        // The end of stream; a connection that is closed already has had its own.
        _ = try? channel.finish(acceptAlreadyClosed: true)
        outcomes = ends.outcomes
    }

    /// In words, nil if there is none.
    var fault: String? {
        guard outcomes.count == 1, let outcome = outcomes.first else { return "\(outcomes.count) outcomes" }
        switch (expected, outcome) {
        case (.complete(let wanted, _), .success(let answer)):
            let found = WireReading.Answer(answer)
            guard found == wanted else { return "read as \(found)" }
            return Self.fault(of: DiscoveryFailure(status: answer.status, body: answer.excerpt))
        case (.complete(let wanted, _), .failure(let failure)): return "\(failure), but it is \(wanted)"
        case (.refused, .success(let answer)): return "no whole answer, but read as \(WireReading.Answer(answer))"
        case (.refused, .failure(let failure)), (.untold, .failure(let failure)): return Self.fault(of: failure)
        case (.untold, .success(let answer)): return Self.fault(of: .invalidIndex(answer.indexText))
        }
    }

    /// What is told of a failure goes into a log line.
    private static func fault(of failure: DiscoveryFailure) -> String? { Message.fault(line: "\(failure)") }

    private final class Ends {
        var outcomes: [Result<NomadAnswer, DiscoveryFailure>] = []
    }
}

extension WireReading.Answer {
    init(_ answer: NomadAnswer) {
        self.init()
        (status, index, knowsLeader) = (answer.status, answer.index, answer.knownLeader)
        body = Array(answer.body.readableBytesView)
    }
}
