/// The short sessions of which every schedule is walked.
extension Walk {
    public static let all: [Walk] = [
        Walk("both end", [.send(2), .fin], [.send(1), .fin]),
        Walk("both end, sends in parts", [.send(2), .fin], [.fin], [.partialSend, .shortSend], 2),
        Walk("client is reset", [.send(2), .reset], [.send(1), .fin]),
        Walk("upstream is reset", [.send(1), .fin], [.send(2), .reset]),
        Walk("both are reset", [.send(1), .reset], [.send(1), .reset]),
        Walk("client closes", [.send(1), .close], [.send(2), .fin]),
        Walk("nothing is said", [.fin], [.fin]),
        Walk("no buffer, interrupted", [.send(1), .fin], [.fin], interruptions, 1),
        Walk("cancels are refused or too late", [.send(1), .reset], [.send(1), .fin], cancels, 2),
        Walk("a slow reader is owed bytes", [.fin], [.send(3), .reset], [.slowPeer], 1) {
            $0.clients[0].readsAtOnce = false
            $0.clients[0].window = 2
        },
        Walk("one buffer for both", [.send(1), .fin], [.send(1), .fin]) {
            $0.common = (1, 1)
            $0.reserve = (1, 1)
        },
        Walk("watched", questions + [.fin], [.awaitBytes(1), .send(1), .awaitEnd, .fin], [.sentInPartAtOnce], 1) {
            $0.watchesAfter = 1
        },
        Walk("watched and reset", questions + [.reset], [.awaitBytes(1), .send(1)], cancels, 1) {
            $0.watchesAfter = 1
        },
        Walk("watched before a slow reader", [.fin], [.send(1), .send(2), .fin]) {
            $0.watchesAfter = 1
            $0.clients[0].readsAtOnce = false
            $0.clients[0].window = 2
        },
        Walk("spliced", [.send(6), .fin], [.fin], [.partialFill, .interruptedDrain, .noPipe], 1) {
            $0.common = (2, 1)
            $0.pipes = 1
        },
        Walk("spliced and reset", [.send(6), .reset], [.fin], cancels, 1) {
            $0.common = (2, 1)
            $0.pipes = 1
        },
        Walk("spliced to a slow reader", [.fin], [.send(4), .reset]) {
            $0.clients[0].readsAtOnce = false
            $0.clients[0].window = 4
            $0.common = (2, 1)
            $0.reserve = (2, 1)
            $0.pipes = 1
        },
        Walk("an endpoint refuses", [.send(1), .fin], [.send(1), .fin], cancels, 1) {
            $0.services = [[1, 2]]
            $0.endpoints[2] = Network.Endpoint(behaviour: .refuses) { Peer([]) }
        },
        Walk("an endpoint is silent", [.send(1), .fin], [.send(1), .fin], cancels, 1) {
            $0.services = [[1, 2]]
            $0.endpoints[2] = Network.Endpoint(behaviour: .silent) { Peer([]) }
        },
        Walk("a spare for a silent endpoint", [.send(1), .fin], [.send(1), .fin], cancels, 1) {
            $0.services = [[1, 2]]
            $0.hedge = .after(10_000_000)
            $0.endpoints[2] = Network.Endpoint(behaviour: .silent) { Peer([]) }
        },
        Walk("a spare that is refused", [.send(1), .reset], [.fin], cancels, 1) {
            $0.services = [[1, 2]]
            $0.hedge = .after(10_000_000)
            $0.endpoints[1]?.behaviour = .silent
            $0.endpoints[2] = Network.Endpoint(behaviour: .refuses) { Peer([]) }
        },
        Walk("connected at once", questions + [.fin], [.awaitBytes(1), .send(1), .fin], [.connectedAtOnce], 1) {
            $0.watchesAfter = 1
        },
        Walk(
            "an endpoint refuses, as a poll tells",
            [.send(1), .fin],
            [.fin],
            [.connectToldByPoll, .connectedAtOnce],
            2
        ) {
            $0.services = [[1, 2]]
            $0.endpoints[2] = Network.Endpoint(behaviour: .refuses) { Peer([]) }
        },
        Walk("a spare that is connected at once", [.send(1), .reset], [.fin], [.connectedAtOnce], 1) {
            $0.services = [[1, 2]]
            $0.hedge = .after(10_000_000)
            $0.endpoints[1]?.behaviour = .silent
            $0.endpoints[2] = Network.Endpoint(behaviour: .accepts) { Peer([.fin]) }
        },
        Walk("no endpoint at first", [.send(1), .fin], [.fin]) {
            $0.services = [[]]
            $0.steps = [.endpoints(service: 0, [1])]
        },
        // A look at its stream had used up the reset, and the receive after it took it for an end of stream.
        Walk("client is reset before there is one", [.reset], [.fin]) {
            $0.services = [[]]
            $0.steps = [.endpoints(service: 0, [1])]
        },
        Walk("client goes while none is there", [.send(1), .reset], [.fin]) { $0.services = [[]] },
        Walk("client asks and goes while none is left", [.send(1), .reset], [.fin]) {
            $0.endpoints[1]?.behaviour = .refuses
            $0.steps = [.endpoints(service: 0, [])]
        },
        Walk("reset at any moment", [.send(1), .fin], [.fin]) { $0.mayAbort = true },
        Walk("a slow reader is owed bytes when everything is reset", [.fin], [.send(3), .reset]) {
            $0.clients[0].readsAtOnce = false
            $0.clients[0].window = 4
            $0.mayAbort = true
        },
        Walk("drain at any moment", [.send(1), .fin], [], [.acceptEndedEarly, .cancelRefused], 1) {
            $0.steps = [.drain]
        },
    ]

    /// A message, and after its answer another one.
    private static let questions: [Peer.Action] = [.send(1), .awaitBytes(1), .send(2)]
    private static let interruptions: Set<Mark> = [
        .noBufferBySurprise, .interruptedReceive, .interruptedSend, .pollEndedEarly,
    ]
    private static let cancels: Set<Mark> = [.cancelLost, .cancelRefused]

    private init(
        _ name: String,
        _ client: [Peer.Action],
        _ upstream: [Peer.Action],
        _ faults: Set<Mark> = [],
        _ budget: Int = 0,
        _ change: @escaping @Sendable (inout Scenario) -> Void = { _ in }
    ) {
        self.name = name
        self.faults = faults
        self.budget = budget
        scenario = {
            var scenario = Scenario()
            scenario.batch = 1
            scenario.clients = [Peer(client)]
            scenario.endpoints = [1: Network.Endpoint(behaviour: .accepts) { Peer(upstream) }]
            change(&scenario)
            return scenario
        }
    }
}
