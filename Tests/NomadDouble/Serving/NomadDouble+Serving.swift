/// What becomes of a request before any data is read.
enum Admission {
    case accepted(Query, Identity)
    /// `delay` in Nomad seconds passes before the refusal.
    case refused(Answer, delay: Double)
}

/// What an attempt to read comes to.
enum ReadOutcome {
    case reading(Reading)
    case noLeader
    /// Parked, for so many Nomad seconds or without end.
    case parked(Double?)
}

extension NomadDouble {
    /// Parameters, token, route and permission, in the order of the door.
    ///
    /// The task API's middleware parses and authenticates before the router is asked, and writes a second text after
    /// the parser's; the TCP door routes first.
    func admit(_ request: Request, door: Door) -> Admission {
        switch door {
        case .taskAPI:
            let options: QueryOptions
            do {
                options = try QueryOptions(request.parameters)
            } catch {
                return .refused(.text(400, error.text + "Bad Request"), delay: 0)
            }
            switch authenticate(request, door: door) {
            case .refused(let answer, let delay): return .refused(answer, delay: delay)
            case .accepted(let identity): return admit(Route(request), options: options, identity: identity)
            }
        case .tcp:
            let route = Route(request)
            if case .refused(let answer) = route { return .refused(answer, delay: 0) }
            let options: QueryOptions
            do {
                options = try QueryOptions(request.parameters)
            } catch {
                return .refused(.text(400, error.text), delay: 0)
            }
            switch authenticate(request, door: door) {
            case .refused(let answer, let delay): return .refused(answer, delay: delay)
            case .accepted(let identity): return admit(route, options: options, identity: identity)
            }
        }
    }

    private func authenticate(_ request: Request, door: Door) -> Authentication {
        state.withLockedValue { $0.tokens.authenticate(request.token, door: door, settings: $0.settings) }
    }

    private func admit(_ route: Route, options: QueryOptions, identity: Identity) -> Admission {
        if let region = options.region, region != settings.region { return .refused(.noPathToRegion, delay: 0) }
        let watch: Watch
        switch route {
        case .refused(let answer):
            return .refused(answer, delay: 0)
        case .services where options.namespace == "*":
            return .accepted(Query(watch: .everyNamespace, options: options), identity)
        case .services:
            watch = .namespace(options.namespace)
        case .service(let name):
            watch = .service(ServiceKey(namespace: options.namespace, name: name))
        }
        guard identity.mayRead(options.namespace) else { return .refused(.permissionDenied, delay: 0) }
        if let refusal = Selection.refusal(of: options) { return .refused(refusal, delay: 0) }
        return .accepted(Query(watch: watch, options: options), identity)
    }

    /// Reads now, or parks the query in the same moment so that no change is missed.
    func read(
        _ query: Query,
        id: UInt64,
        identity: Identity,
        isDue: Bool,
        parked: ParkedQueries.Parked
    ) -> ReadOutcome {
        state.withLockedValue { state in
            switch state.visibility.readiness(of: query) {
            case .ready:
                return .reading(state.reading(query, for: identity))
            case .unchanged:
                if isDue { return .reading(state.reading(query, for: identity)) }
                state.parked.insert(parked, id: id)
                let wait = query.options.cappedWait
                return .parked(wait + Double.random(in: 0...wait / 16, using: &state.randomness))
            case .leaderless:
                if isDue, !query.isBlocking { return .noLeader }
                state.parked.insert(parked, id: id)
                return .parked(query.isBlocking ? nil : AgentState.leaderHold)
            }
        }
    }

    func answer(_ reading: Reading, to query: Query) -> Answer {
        let selection = Selection(reading, query)
        let body = query.options.isPretty ? PrettyJSON.format(selection.body) : selection.body
        return .json(body, meta: reading, nextToken: selection.nextToken)
    }

    /// The operator's headers, and what the TCP door's compression adds.
    func dress(_ answer: inout Answer, door: Door, request: Request) {
        for (name, value) in settings.responseHeaders { answer.setHeader(name, value) }
        guard door == .tcp else { return }
        answer.setHeader("Vary", "Accept-Encoding")
        let accepted = request.header("Accept-Encoding")?.split(separator: ",") ?? []
        if accepted.contains(where: { String($0).trimmingBlanks.lowercased().hasPrefix("gzip") }) {
            answer.setHeader("Content-Encoding", "gzip")
            answer.body = Gzip.compress(answer.body)
        }
    }

    func takeFault(for request: Request, onArrival: Bool) -> Fault? {
        state.withLockedValue { $0.faults.take(service: request.service, onArrival: onArrival) }
    }
}
