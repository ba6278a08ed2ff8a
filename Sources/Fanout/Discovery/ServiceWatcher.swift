import Logging
import NIOCore
import Reactor

/// Keeps the registrations of one service up to date with blocking queries, for ever.
///
/// Confined to the discovery thread. What an answer means is decided by ``DiscoveryPolicy``; this class does the
/// asking, waiting, counting and telling.
final class ServiceWatcher {
    /// What is watched.
    struct Subject: Equatable, Sendable {
        /// The index of the service in Fanout's configuration.
        let service: Int
        let name: String
        let namespace: String
        let region: String?
    }

    private let subject: Subject
    private let wait: Duration
    private let demandsToken: Bool
    private let client: NomadClient
    private let identity: WorkloadIdentity
    private let monitor: DiscoveryMonitor
    private let onChange: ([ServiceRegistration]) -> Void
    private let alarm: Alarm
    private let pauses: @Sendable (Duration) -> Duration
    private var policy: DiscoveryPolicy
    private var journal: DiscoveryJournal
    private var random = SystemRandomNumberGenerator()
    private var isStopped = false
    private var skipped: [UsableRegistrations.SkipReason: Int] = [:]
    /// Whether a query is under way that blocks until something changes.
    private var isBlocking = false

    /// `onChange` gets the usable registrations on the discovery thread: the first answer, then each change.
    init(
        _ subject: Subject,
        settings: DiscoverySettings,
        address: NomadAddress,
        identity: WorkloadIdentity,
        monitor: DiscoveryMonitor,
        logger: Logger,
        loop: any EventLoop,
        onChange: @escaping ([ServiceRegistration]) -> Void
    ) {
        self.subject = subject
        self.identity = identity
        self.monitor = monitor
        self.onChange = onChange
        wait = settings.wait
        demandsToken = address.demandsToken
        client = NomadClient(address: address, deadlines: settings.deadlines, loop: loop)
        alarm = Alarm(loop: loop)
        pauses = settings.pauses
        policy = DiscoveryPolicy(allowsStale: settings.allowsStale)
        journal = DiscoveryJournal(logger: logger, service: subject.name, namespace: subject.namespace)
    }

    /// Asks, publishes and waits until ``stop()``.
    func run(isolation: isolated (any Actor)? = #isolation) async {
        while !isStopped {
            let step = await ask()
            if isStopped { break }
            guard let step else { continue }
            monitor.record(step.verdict, service: subject.service, index: policy.index)
            if case .changed(let rows) = step.verdict { onChange(rows) }
            journal.note(step.verdict, skipped: skipped, kept: policy.snapshot?.count ?? 0, at: .now())
            if step.pause > .zero { await alarm.sleep(pauses(step.pause)) }
        }
        client.abandon()
    }

    /// Asks again at once, without waiting for a change; a query under way that does not block already does that.
    func refresh() {
        policy.refresh()
        alarm.ring()
        if isBlocking { client.abandon() }
    }

    /// Makes ``run()`` return soon. For good.
    func stop() {
        isStopped = true
        alarm.ring()
        client.abandon()
    }

    /// One query; nil if it was given up for a refresh.
    private func ask(isolation: isolated (any Actor)? = #isolation) async -> DiscoveryPolicy.Step? {
        let token: String?
        switch await readToken() {
        case .token(let known): token = known
        case .absent:
            guard !demandsToken else { return fail(.noToken("neither a token file nor NOMAD_TOKEN is set"), sent: nil) }
            token = nil
        case .halfWritten: return fail(.noToken("the token file is empty or holds no token"), sent: nil)
        case .unreadable(let error): return fail(.noToken("\(error)"), sent: nil)
        }
        if isStopped { return nil }
        let query = policy.query
        isBlocking = query.index != nil
        let result = await client.get(request(for: query), token: token)
        isBlocking = false
        switch result {
        case .failure(.abandoned): return nil
        case .failure(let failure): return fail(failure, sent: token)
        case .success(let answer): return judge(answer, sent: token)
        }
    }

    /// The token, after a short patience with a file that is just being written for the first time.
    private func readToken(isolation: isolated (any Actor)? = #isolation) async -> WorkloadIdentity.Reading {
        var reading = identity.current()
        for _ in 0..<Self.rewritePatience where reading == .halfWritten && !isStopped {
            await alarm.sleep(pauses(WorkloadIdentity.rewriteDelay))
            reading = identity.current()
        }
        return reading
    }

    /// How many times a half-written token file is read again before that counts as a failure.
    private static let rewritePatience = 20

    private func request(for query: DiscoveryPolicy.Query) -> NomadRequest {
        NomadRequest(
            service: subject.name,
            namespace: subject.namespace,
            region: subject.region,
            stale: !query.consistent,
            index: query.index,
            wait: wait
        )
    }

    private func judge(_ answer: NomadAnswer, sent token: String?) -> DiscoveryPolicy.Step {
        guard answer.status == 200 else {
            return fail(DiscoveryFailure(status: answer.status, body: answer.excerpt), sent: token)
        }
        do {
            let registrations = UsableRegistrations(try ServiceRegistration.decode(answer.body))
            let known = DiscoveryPolicy.Answer(
                index: answer.index,
                indexText: answer.indexText,
                knownLeader: answer.knownLeader,
                registrations: registrations
            )
            skipped = registrations.skipped
            monitor.record(skipped: skipped, service: subject.service)
            return policy.receive(known, at: .now(), using: &random)
        } catch {
            return fail(error, sent: token)
        }
    }

    private func fail(_ failure: DiscoveryFailure, sent token: String?) -> DiscoveryPolicy.Step {
        var tokenChanged = false
        if failure.concernsToken, case .token(let fresh) = identity.reload() { tokenChanged = fresh != token }
        return policy.fail(failure, tokenChanged: tokenChanged, using: &random)
    }
}
