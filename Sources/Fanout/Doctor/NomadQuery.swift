import NIOCore
import NIOPosix

/// One query for each service, as discovery asks, on an event loop of its own.
actor NomadQuery {
    /// Shorter than discovery's patience: a person is waiting.
    private static let deadlines = RequestDeadlines(answer: .seconds(10))

    private nonisolated let loop: any EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.executor.asUnownedSerialExecutor() }
    private let client: NomadClient

    private init(_ address: NomadAddress, _ loop: any EventLoop) {
        self.loop = loop
        client = NomadClient(address: address, deadlines: Self.deadlines, loop: loop)
    }

    /// Asks one after the other and waits for the answers.
    static func ask(
        _ services: [(name: String, namespace: String)],
        _ settings: DiscoverySettings,
        _ address: NomadAddress,
        token: String?
    ) -> [ServiceFacts] {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let query = NomadQuery(address, loop)
        let requests = services.map {
            NomadRequest(
                service: $0.name,
                namespace: $0.namespace,
                region: settings.region,
                stale: settings.allowsStale,
                index: nil,
                wait: settings.wait
            )
        }
        let answers = loop.makeFutureWithTask { await query.answers(to: requests, token: token) }
        do {
            let facts = try answers.wait()
            try group.syncShutdownGracefully()
            return facts
        } catch {
            preconditionFailure("asking does not throw: \(error)")
        }
    }

    private func answers(to requests: [NomadRequest], token: String?) async -> [ServiceFacts] {
        var facts: [ServiceFacts] = []
        for request in requests {
            let answer = await client.get(request, token: token)
            facts.append(
                ServiceFacts(name: request.service, namespace: request.namespace, answer: answer.flatMap(Self.judge))
            )
        }
        client.abandon()
        return facts
    }

    /// What discovery would make of it (``DiscoveryPolicy``).
    private static func judge(_ answer: NomadAnswer) -> Result<ServiceFacts.Answer, DiscoveryFailure> {
        guard answer.status == 200 else {
            return .failure(DiscoveryFailure(status: answer.status, body: answer.excerpt))
        }
        guard let index = answer.index, index > 0 else { return .failure(.invalidIndex(answer.indexText)) }
        do throws(DiscoveryFailure) {
            let rows = UsableRegistrations(try ServiceRegistration.decode(answer.body))
            return .success(ServiceFacts.Answer(index: index, usable: rows.rows.count, skipped: rows.skipped))
        } catch {
            return .failure(error)
        }
    }
}
