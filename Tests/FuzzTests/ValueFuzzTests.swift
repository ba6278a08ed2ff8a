import Fuzzing
import Testing

@testable import Fanout

/// Each kind of value that an operator writes: refused in one short line, or printed so that it reads the same again.
@Suite struct ValueFuzzTests {
    @Test func mutatedValues() throws {
        let mutator = TextMutator(corpus: Corpus.lines("flags"))
        let evidence = try Evidence("ValueFuzzTests")
        var budget = Budget(cases: 20_000, share: 0.05)
        var accepted = [Int](repeating: 0, count: ValueKind.all.count)
        while let seed = budget.next() {
            var random = SeededRandom(seed: seed)
            let text = mutator.text(using: &random)
            evidence.begin(seed, Array(text.utf8))
            for (number, kind) in ValueKind.all.enumerated() {
                switch kind.trial(text) {
                case .accepted: accepted[number] += 1
                case .refused: break
                case .faulty(let what):
                    Issue.record("\(evidence.failed("\(kind.name) \(text.debugDescription): \(what)"))")
                }
            }
        }
        budget.report("values, each as \(ValueKind.all.count) kinds")
        guard budget.count >= 1_000 else { return }
        for (number, kind) in ValueKind.all.enumerated() {
            #expect(accepted[number] > budget.count / 1_000, "\(kind.name) is hardly tested")
        }
    }
}

/// One parser of the command line.
private struct ValueKind: Sendable {
    enum Outcome: Sendable {
        case accepted, refused
        case faulty(String)
    }

    let name: String
    let trial: @Sendable (String) -> Outcome

    static let machine = Machine(affinity: 2, cpuQuota: nil, descriptors: 20_000, memory: nil)

    static let all: [ValueKind] = [
        printed("listen address", ListenAddress.init(parsing:)),
        printed("endpoint", HostPort.init(parsing:)),
        printed("forward", Forward.init(parsing:)),
        printed("interval", Interval.init(parsing:)),
        printed("service", Name.service(parsing:)),
        printed("namespace", Name.namespace(parsing:)),
        printed("region", Name.region(parsing:)),
        printed("workers") { text throws(InvalidValue) in try WorkerCount(parsing: text, machine: machine).count },
        printed("connections") { text throws(InvalidValue) in
            try ConnectionCapacity(machine: machine, workers: 2, listeners: 1, hasAdmin: false).limit(parsing: text)
                .count
        },
        ValueKind(name: "Nomad address", trial: nomadAddress),
    ]

    /// A kind whose printed form is read again.
    private static func printed<Value: Equatable & CustomStringConvertible & SendableMetatype>(
        _ name: String,
        _ parse: @escaping @Sendable (String) throws(InvalidValue) -> Value
    ) -> ValueKind {
        ValueKind(name: name) { text in
            do throws(InvalidValue) {
                let value = try parse(text)
                do throws(InvalidValue) {
                    let again = try parse(value.description)
                    return again == value ? .accepted : .faulty("prints as \(value), which is \(again)")
                } catch {
                    return .faulty("prints as \(value), which is refused")
                }
            } catch {
                return refused(UsageError("--flag", error, got: text).message)
            }
        }
    }

    /// Addresses that the command line lets through; what is printed lacks the credentials.
    @Sendable private static func nomadAddress(_ text: String) -> Outcome {
        do throws(InvalidValue) {
            _ = try NomadEnvironment.parse(address: text)
        } catch {
            return refused(UsageError("--nomad-address", error, got: text).message)
        }
        if let fault = Message.fault(line: NomadEnvironment.withoutPassword(text), longest: .max) {
            return .faulty(fault)
        }
        do throws(NomadSetupError) {
            let address = try NomadAddress(text, setBy: "--nomad-address", environment: [:])
            let again = try NomadAddress("\(address)", setBy: "--nomad-address", environment: [:])
            return again.transport == address.transport && again.hostHeader == address.hostHeader
                ? .accepted : .faulty("prints as \(address), which is \(again)")
        } catch {
            return refused("\(error)")
        }
    }

    private static func refused(_ message: String) -> Outcome {
        Message.fault(line: message).map(Outcome.faulty) ?? .refused
    }
}
