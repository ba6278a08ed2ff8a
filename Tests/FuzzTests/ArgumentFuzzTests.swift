import Fuzzing
import Testing

@testable import Fanout

/// Whole command lines and environments: a run, a text to print, or a refusal of at most four short lines.
@Suite struct ArgumentFuzzTests {
    private static let machine = Machine(affinity: 2, cpuQuota: nil, descriptors: 20_000, memory: nil)
    /// The refusal quotes at most one argument.
    private static let longestRefusal = 4 * Message.longest

    @Test func mutatedCommandLines() throws {
        let mutator = ArgumentMutator()
        let evidence = try Evidence("ArgumentFuzzTests")
        var budget = Budget(cases: 300, share: 0.05)
        var (runs, prints, refusals) = (0, 0, 0)
        while let seed = budget.next() {
            var random = SeededRandom(seed: seed)
            let arguments = mutator.arguments(using: &random)
            let environment = mutator.environment(using: &random)
            evidence.begin(seed, Array("\(arguments)\n\(environment)".utf8))
            let invocation = CommandLineInterface.parse(arguments: arguments, environment: environment) { Self.machine }
            switch invocation {
            case .run(let configuration), .examine(let configuration, _, json: _):
                runs += 1
                if let fault = Self.fault(configuration) { Issue.record("\(evidence.failed(fault))") }
            case .ask:
                runs += 1
            case .print(let text):
                prints += 1
                if let fault = Self.fault(in: text, longest: .max) { Issue.record("\(evidence.failed(fault))") }
            case .refuse(let code, let text):
                refusals += 1
                let isLong = text.split(separator: "\n").count > 4 || text.utf8.count > Self.longestRefusal
                if isLong || code == .clean { Issue.record("\(evidence.failed("\(code), \(text.utf8.count) bytes"))") }
                if let fault = Self.fault(in: text, longest: Message.longest) {
                    Issue.record("\(evidence.failed(fault))")
                }
            }
        }
        budget.report("command lines (\(runs) run, \(prints) print, \(refusals) refused)")
        guard budget.count >= 300 else { return }
        #expect(runs > budget.count / 100 && prints > 0 && refusals > budget.count / 10)
    }

    private static func fault(in text: String, longest: Int) -> String? {
        text.split(separator: "\n").lazy.compactMap { Message.fault(line: String($0), longest: longest) }.first
    }

    /// What a run relies on without looking.
    private static func fault(_ configuration: Configuration) -> String? {
        if configuration.services.isEmpty { return "no service" }
        if configuration.connectTimeout == .zero || configuration.connectTimeout > configuration.connectBudget {
            return "a connect timeout of \(configuration.connectTimeout) in \(configuration.connectBudget)"
        }
        if configuration.keepalive.wholeSeconds == nil { return "a keepalive of \(configuration.keepalive)" }
        if configuration.needsNomad, configuration.nomad.address == nil { return "no Nomad address" }
        if !(1...256).contains(configuration.workers.count) { return "\(configuration.workers.count) workers" }
        if configuration.connections.count < 1 { return "\(configuration.connections.count) connections" }
        for (number, service) in configuration.services.enumerated() {
            if service.listen.socketAddress == nil { return "\(service.listen) cannot be bound" }
            for other in configuration.services[..<number] where other.listen.collides(with: service.listen) {
                return "\(service.listen) twice"
            }
        }
        return nil
    }
}

/// Makes command lines from those of the corpus and from all flags with all kinds of values.
private struct ArgumentMutator {
    private let lines = Corpus.entries("flags").filter { $0.name == "arguments.txt" }
        .flatMap { String(decoding: $0.bytes, as: UTF8.self).split(separator: "\n") }
        .map { $0.split(separator: " ").map(String.init) }
    private let values = TextMutator(corpus: Corpus.lines("flags"))
    private let plain = Corpus.lines("flags")

    func arguments(using random: inout SeededRandom) -> [String] {
        var arguments = random.pick(lines)
        if random.chance(oneIn: 10) { return arguments }
        for _ in 0..<random.size(upTo: 4) {
            let place = random.below(arguments.count + 1)
            switch random.below(8) {
            case 0, 1, 2:
                let value = random.chance(oneIn: 2) ? values.text(using: &random) : random.pick(plain)
                let flag = random.pick(Setting.allCases).flag
                arguments.insert(contentsOf: random.chance(oneIn: 3) ? ["\(flag)=\(value)"] : [flag, value], at: place)
            case 3 where place < arguments.count: arguments.remove(at: place)
            case 4 where place < arguments.count: arguments.insert(arguments[place], at: random.below(arguments.count))
            case 5 where place < arguments.count: arguments[place] = values.text(using: &random)
            case 6 where place < arguments.count:
                arguments[place] = TextMutator(corpus: [arguments[place]]).text(using: &random)
            case _: arguments.insert(values.text(using: &random), at: place)
            }
        }
        return arguments
    }

    func environment(using random: inout SeededRandom) -> [String: String] {
        var environment: [String: String] = [:]
        let variables =
            Setting.allCases.map(\.variable) + [
                "NOMAD_ADDR", "NOMAD_UNIX_ADDR", "NOMAD_SECRETS_DIR", "NOMAD_NAMESPACE",
            ]
        for _ in 0..<random.below(3) {
            environment[random.pick(variables)] =
                random.chance(oneIn: 2) ? values.text(using: &random) : random.pick(plain)
        }
        if random.chance(oneIn: 2) { environment["NOMAD_ADDR"] = "http://127.0.0.1:4646" }
        return environment
    }
}
