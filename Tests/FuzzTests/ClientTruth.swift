import Fuzzing
import NIOConcurrencyHelpers

@testable import Fanout

/// What one client was told and what it made of it: written by the server's thread and the client's.
final class ClientTruth: Sendable {
    private struct State {
        var random: SeededRandom
        var evidence: Evidence
        var mutantsGiven = 0
        var goodGiven = 0
        var applied: [ServiceReading.Row]?
        /// What the answers that the client may still be at say; nil when that cannot be told.
        var allowed: [[ServiceReading.Row]]? = []
        /// Whether bytes beyond the last answer may be taken for one to the next query.
        var isTainted = false
        var mostGood = 0
        var timeoutsBefore: UInt64 = 0
        var isOver = false
        var faults: [String] = []
    }

    /// Good answers until the good state is back: one, or two when the first only shows that the index went back, and
    /// one more to confirm that all endpoints are gone.
    private var mostGood: Int { good.isEmpty ? 3 : 2 }
    /// More where bytes that nobody asked for have broken the connection.
    private static let afterTaint = 2
    private static let longestPause = Duration.seconds(60)

    let monitor = DiscoveryMonitor()
    private let seed: UInt64
    private let mutants: Int
    private let mutator = HTTPMutator.ofCorpus()
    private let goodBody: [UInt8]
    private let good: [ServiceReading.Row]
    private let state: NIOLockedValueBox<State>

    init(seed: UInt64, mutants: Int) throws {
        (self.seed, self.mutants) = (seed, mutants)
        var random = SeededRandom(seed: seed)
        let bodies = HTTPMutator.bodies()
        goodBody = random.pick(bodies)
        guard case .rows(let good) = ServiceReading(body: goodBody) else { preconditionFailure("a bad corpus") }
        self.good = good
        state = NIOLockedValueBox(State(random: random, evidence: try Evidence("ClientFuzzTests")))
    }

    var isOver: Bool { state.withLockedValue { $0.isOver || !$0.faults.isEmpty } }
    var faults: [String] { state.withLockedValue { $0.faults } }
    var mutantsGiven: Int { state.withLockedValue { $0.mutantsGiven } }

    func fail(_ what: String) { state.withLockedValue { $0.faults.append($0.evidence.failed(what)) } }

    /// The next answer; nil when the client has nothing more to learn.
    func answer() -> WireAnswer? {
        state.withLockedValue { state in
            if state.mutantsGiven < mutants {
                state.mutantsGiven += 1
                var answer = mutator.answer(using: &state.random)
                let reading = WireReading(answer.bytes)
                // Few may wait for the client's patience to end.
                if !reading.isWhole, !state.random.chance(oneIn: 20) { answer.ending = .close }
                state.evidence.begin(seed, answer.bytes)
                expect(reading, &state)
                state.mostGood = mostGood + (state.isTainted ? Self.afterTaint : 0)
                state.timeoutsBefore = timeouts
                return answer
            }
            guard state.applied != good else {
                state.isOver = true
                return nil
            }
            state.goodGiven += 1
            if state.goodGiven > state.mostGood + Int(timeouts - state.timeoutsBefore) {
                state.faults.append(
                    state.evidence.failed("\(state.mostGood) good answers did not bring the good state back")
                )
            }
            let answer = WireAnswer.nomad(goodBody, index: "500")
            expect(WireReading(answer.bytes), &state)
            return answer
        }
    }

    /// The client has replaced its rows.
    func applied(_ rows: [ServiceReading.Row]) {
        state.withLockedValue { state in
            if let fault = ServiceReading.Row.fault(rows) { state.faults.append(state.evidence.failed(fault)) }
            if let allowed = state.allowed, !allowed.contains(rows) {
                state.faults.append(state.evidence.failed("applied \(rows), told \(allowed)"))
            }
            state.applied = rows
        }
    }

    func note(pause: Duration) {
        if pause < .zero || pause > Self.longestPause { fail("a pause of \(pause)") }
    }

    /// Spurious ones come from a busy machine, and each costs another answer.
    private var timeouts: UInt64 { monitor.statistics.services[0]?.errors[.timeout] ?? 0 }

    private func expect(_ reading: WireReading, _ state: inout State) {
        let wasTainted = state.isTainted
        state.isTainted = false
        switch reading {
        case .complete(let answer, let rest):
            state.isTainted = (rest ?? 0) > 0
            state.allowed = Self.rows(answer)
        case .refused:
            state.allowed = []
        case .untold:
            state.isTainted = true
            state.allowed = nil
        }
        if wasTainted { state.allowed = nil }
    }

    private static func rows(_ answer: WireReading.Answer) -> [[ServiceReading.Row]]? {
        guard answer.status == 200, let index = answer.index, index > 0 else { return [] }
        return switch ServiceReading(body: answer.body) {
        case .rows(let rows): [rows]
        case .refused: []
        case .untold: nil
        }
    }
}

extension WireReading {
    /// Whether it is over without an end of stream.
    fileprivate var isWhole: Bool {
        switch self {
        case .complete(_, let rest): rest != nil
        case .refused, .untold: false
        }
    }
}
