import Foundation
import Fuzzing
import NIOConcurrencyHelpers

/// The answers to all services of one process: mutated, but none that may rightly take the backend out of service.
final class MutatedAgent: Sendable {
    private struct State {
        var random = SeededRandom(seed: Budget.seed)
        var evidence: Evidence
        var given = 0
        var isGood = false
        /// Services that have got a first, good answer.
        var known: Set<String> = []
        /// Services that ask with the index of the good state.
        var satisfied: Set<String> = []
    }

    /// Draws for one answer.
    private static let tries = 50
    /// Lower than many that mutants bear: it must be believed all the same.
    private static let goodIndex = 500
    private static let floods = 2_000
    /// With more dead endpoints a client may rightly come to its end in vain.
    private static let mostRows = 8

    private let backend: UInt16
    private let mutator: HTTPMutator
    private let good: [UInt8]
    private let state: NIOLockedValueBox<State>

    init(backend: UInt16) throws {
        self.backend = backend
        mutator = HTTPMutator.ofCorpus(port: backend)
        good = Array("[{\"ID\":\"good\",\"Address\":\"127.0.0.1\",\"Port\":\(backend)}]".utf8)
        state = NIOLockedValueBox(State(evidence: try Evidence("ProcessFuzzTests")))
    }

    var given: Int { state.withLockedValue { $0.given } }
    var satisfied: Int { state.withLockedValue { $0.satisfied.count } }
    /// Where the last answer is, for messages.
    var whereabouts: String { state.withLockedValue { $0.evidence.failed("after \($0.given) answers") } }

    func becomeGood() { state.withLockedValue { $0.isGood = true } }

    func answer(to head: String) -> WireAnswer? {
        let target = head.split(separator: " ").dropFirst().first ?? ""
        let service = String(target.prefix { $0 != "?" })
        return state.withLockedValue { state in
            if state.known.insert(service).inserted { return .nomad(good, index: "1") }
            guard state.isGood else {
                state.given += 1
                return mutant(&state)
            }
            // A query blocks on the index that was applied last.
            guard target.contains("index=\(Self.goodIndex)&") else { return .nomad(good, index: "\(Self.goodIndex)") }
            state.satisfied.insert(service)
            return nil
        }
    }

    private func mutant(_ state: inout State) -> WireAnswer {
        for _ in 0..<Self.tries {
            var answer = mutator.answer(floods: Self.floods, using: &state.random)
            let reading = WireReading(answer.bytes)
            guard keepsBackend(reading) else { continue }
            // The product's patience is real here: nothing may wait for its end.
            if case .complete(_, rest: .some) = reading, answer.flood == nil, answer.ending == .keep {
            } else {
                answer.ending = .close
            }
            state.evidence.begin(Budget.seed, answer.bytes)
            return answer
        }
        return .nomad(good, index: "1")
    }

    /// Whether a client that is right still has the backend after it, and nothing beyond this machine.
    private func keepsBackend(_ reading: WireReading) -> Bool {
        switch reading {
        case .untold: return false
        case .refused: return true
        case .complete(let answer, let rest):
            guard (rest ?? 0) == 0 else { return false }
            guard answer.status == 200, let index = answer.index, index > 0 else { return true }
            switch ServiceReading(body: answer.body) {
            case .untold: return false
            case .refused: return true
            case .rows(let rows):
                return rows.count <= Self.mostRows
                    && rows.contains { $0.address == "127.0.0.1" && $0.port == Int(backend) }
                    && rows.allSatisfy { row in
                        row.address == "127.0.0.1"
                            ? row.port == Int(backend)
                            : row.address.hasPrefix("127.") && ServiceReading.isNumeric(row.address)
                    }
            }
        }
    }
}
