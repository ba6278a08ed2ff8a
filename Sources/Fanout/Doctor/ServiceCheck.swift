/// What Nomad answered for one service.
struct ServiceFacts: Equatable, Sendable {
    struct Answer: Equatable, Sendable {
        let index: UInt64
        let usable: Int
        let skipped: [UsableRegistrations.SkipReason: Int]
    }

    let name: String
    let namespace: String
    let answer: Result<Answer, DiscoveryFailure>
}

/// Whether Nomad knows the services, and names resolve.
enum ServiceCheck {
    static func finding(_ facts: ServiceFacts) -> Finding {
        let name = "\(facts.name) in namespace \(facts.namespace)"
        switch facts.answer {
        case .success(let answer) where answer.usable > 0:
            let skipped = answer.skipped.isEmpty ? "" : " (not usable: \(list(answer.skipped)))"
            return .ok(
                .service,
                "\(name): \(answer.usable) endpoint\(answer.usable == 1 ? "" : "s")\(skipped), index \(answer.index)"
            )
        case .success(let answer) where answer.skipped.isEmpty:
            return .warning(
                .service,
                "\(name): Nomad knows no instance; a wrong name or namespace looks the same, and so does a service "
                    + "that is registered in Consul, which is the default",
                cure: Cure(.service, #"provider = "nomad""#)
            )
        case .success(let answer):
            let isPortless = answer.skipped[.invalidPort] != nil
            return .warning(
                .service,
                "\(name): no instance can be used (\(list(answer.skipped)))",
                cure: isPortless ? Cure(.service, #"port = "\#(facts.name)""#) : nil
            )
        case .failure(let failure):
            let hint = failure.hint.map { "; \($0)" } ?? ""
            let cure = failure.concernsToken ? NomadCheck.identity : nil
            return .failure(.service, "\(name): \(failure)\(hint)", cure: cure)
        }
    }

    static func finding(host: String, _ addresses: Result<Int, LookupError>) -> Finding {
        switch addresses {
        case .success(let count): .ok(.endpoint, "\(host) has \(count) address\(count == 1 ? "" : "es")")
        case .failure(let error): .warning(.endpoint, "\(host): \(error.reason)", cure: nil)
        }
    }

    private static func list(_ skipped: [UsableRegistrations.SkipReason: Int]) -> String {
        skipped.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key.rawValue)" }
            .joined(separator: ", ")
    }
}
