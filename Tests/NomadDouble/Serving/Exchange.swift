import NIOCore

/// One request and its answer; lives on the event loop, and ends exactly once, by `end` or `abandon`.
final class Exchange {
    private let double: NomadDouble
    private let door: Door
    private let request: Request
    private let number: Int
    private let loop: any EventLoop
    private let end: ([DeliveryStep]) -> Void
    private let queryID: UInt64
    private var query: Query?
    private var identity = Identity.unrestricted
    private var timer: Scheduled<Void>?
    /// The query's `wait` has passed, or a test released it: answer whatever there is.
    private var isDue = false
    private var isOver = false

    init(
        double: NomadDouble,
        door: Door,
        request: Request,
        loop: any EventLoop,
        end: @escaping ([DeliveryStep]) -> Void
    ) {
        self.double = double
        self.door = door
        self.request = request
        self.loop = loop
        self.end = end
        (number, queryID) = double.state.withLockedValue { state in
            state.nextQueryID += 1
            return (state.log.append(door: door, request: request), state.nextQueryID)
        }
    }

    func start() {
        if strike() { return }
        switch double.admit(request, door: door) {
        case .refused(let answer, let delay):
            schedule(delay) { $0.deliver(answer) }
        case .accepted(let query, let identity):
            self.query = query
            self.identity = identity
            attempt()
        }
    }

    /// The connection is gone; if its client left, a server would not notice, the double remembers that it happened.
    func abandon(byClient: Bool) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        guard let query else { return }
        double.state.withLockedValue { state in
            let wasParked = state.parked.remove(id: queryID, watch: query.watch)
            if wasParked, byClient { state.abandonedQueries += 1 }
        }
    }

    private func attempt() {
        guard !isOver, let query else { return }
        let own = NIOLoopBound(self, eventLoop: loop)
        let loop = self.loop
        let parked = ParkedQueries.Parked(query: query) { isReleased in
            loop.execute { own.value.resumed(isReleased) }
        }
        switch double.read(query, id: queryID, identity: identity, isDue: isDue, parked: parked) {
        case .reading(let reading): deliver(reading, query)
        case .noLeader: deliver(door == .taskAPI ? .authenticationFailed : .noClusterLeader)
        case .parked(let seconds):
            if timer == nil, let seconds { schedule(seconds) { $0.timePassed() } }
        }
    }

    private func resumed(_ isReleased: Bool) {
        guard !isOver else { return }
        if isReleased {
            isDue = true
            if strike() { return }
        }
        attempt()
    }

    private func timePassed() {
        guard !isOver, let query else { return }
        isDue = true
        let wasParked = double.state.withLockedValue { $0.parked.remove(id: queryID, watch: query.watch) }
        // Otherwise a change has just taken it out and `resumed` is on its way.
        if wasParked { attempt() }
    }

    /// Delivers a fault that does not wait for data, if one is armed.
    private func strike() -> Bool {
        guard let fault = double.takeFault(for: request, onArrival: true) else { return false }
        note { $0.fault = fault }
        switch fault {
        case .status(let status, let body):
            deliver(.text(status, body))
        case .agentShutdown:
            deliver(.agentShutdown)
        case .tooManyConnections:
            note { $0.status = 429 }
            finish([.send(WireFormat.tooManyConnections), .close])
        case .framing(let framing):
            finish(Delivery.steps(.notFound, to: request, fault: framing))
        case .index, .body:
            preconditionFailure("\(fault) does not strike on arrival")
        }
        return true
    }

    private func deliver(_ reading: Reading, _ query: Query) {
        var answer = double.answer(reading, to: query)
        var framing: FramingFault?
        let fault = double.takeFault(for: request, onArrival: false)
        note { $0.fault = fault }
        switch fault {
        case nil: break
        case .index(let fault): fault.apply(to: &answer)
        case .body(let fault): fault.apply(to: &answer, reading: reading)
        case .framing(let fault): framing = fault
        case .status(let status, let body): answer = .text(status, body)
        case .agentShutdown: answer = .agentShutdown
        case .tooManyConnections:
            note { $0.status = 429 }
            return finish([.send(WireFormat.tooManyConnections), .close])
        }
        deliver(answer, framing: framing)
    }

    private func deliver(_ answer: Answer, framing: FramingFault? = nil) {
        var dressed = answer
        double.dress(&dressed, door: door, request: request)
        note {
            $0.status = dressed.status
            $0.index = dressed.header("X-Nomad-Index")
        }
        finish(Delivery.steps(dressed, to: request, fault: framing))
    }

    private func finish(_ steps: [DeliveryStep]) {
        guard !isOver else { return }
        isOver = true
        timer?.cancel()
        note { $0.answeredAt = NIODeadline.now().uptimeNanoseconds }
        end(steps)
    }

    private func note(_ change: (inout LoggedRequest) -> Void) {
        double.state.withLockedValue { $0.log.update(number, change) }
    }

    private func schedule(_ seconds: Double, _ action: @escaping @Sendable (Exchange) -> Void) {
        let scale = double.settings.timeScale
        guard seconds > 0 else { return action(self) }
        let own = NIOLoopBound(self, eventLoop: loop)
        timer = loop.scheduleTask(in: double.scaled(seconds, by: scale)) {
            if !own.value.isOver { action(own.value) }
        }
    }
}
