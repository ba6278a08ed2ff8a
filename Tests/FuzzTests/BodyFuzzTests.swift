import Fuzzing
import NIOCore
import Testing

@testable import Fanout

/// The body of an answer: decoded as the contract says, or refused as a whole.
@Suite struct BodyFuzzTests {
    @Test func everyCorpusBodyIsReadAsTheContractSays() throws {
        for entry in Corpus.entries("answers") {
            let expected = ServiceReading(body: entry.bytes)
            #expect(BodyTrial(entry.bytes).fault(expected) == nil, "\(entry.name)")
        }
    }

    @Test func mutatedBodies() throws {
        let mutator = JSONMutator(corpus: HTTPMutator.bodies())
        let evidence = try Evidence("BodyFuzzTests")
        var budget = Budget(cases: 20_000, share: 0.15)
        var (accepted, refused, untold) = (0, 0, 0)
        while let seed = budget.next() {
            var random = SeededRandom(seed: seed)
            let body = mutator.text(using: &random)
            evidence.begin(seed, body)
            let expected = ServiceReading(body: body)
            switch expected {
            case .rows: accepted += 1
            case .refused: refused += 1
            case .untold: untold += 1
            }
            if let fault = BodyTrial(body).fault(expected) { Issue.record("\(evidence.failed(fault))") }
        }
        budget.report("bodies (\(accepted) valid, \(refused) invalid, \(untold) open)")
        guard budget.count >= 1_000 else { return }
        // A mutator that breaks everything, or nothing, tests little.
        #expect(accepted > budget.count / 10 && refused > budget.count / 10)
        #expect(untold < budget.count / 4)
    }
}

/// What the product makes of one body.
private struct BodyTrial {
    private let rows: [ServiceReading.Row]?

    init(_ body: [UInt8]) {
        let decoded = try? ServiceRegistration.decode(ByteBuffer(bytes: body))
        rows = decoded.map { UsableRegistrations($0).rows.map(ServiceReading.Row.init) }
    }

    /// In words, nil if there is none.
    func fault(_ expected: ServiceReading) -> String? {
        switch expected {
        case .rows(let wanted): rows == wanted ? nil : "valid, but read as \(rows.map { "\($0)" } ?? "nothing")"
        case .refused: rows == nil ? nil : "invalid, but read as \(rows ?? [])"
        case .untold: rows.flatMap(ServiceReading.Row.fault)
        }
    }
}
