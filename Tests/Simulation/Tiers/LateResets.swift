/// A client that resets its connection in the very moment in which that is ended for reasons of our own: its endpoint has
/// left a while ago, and both have been silent since.
public enum LateResets {
    public static func run(_ seeds: Range<UInt64>) -> Report {
        Report(seeds, of: "LateResets") { seed in
            var scenario = Scenario()
            scenario.onRemove = .closeAfter(1_000_000_000)
            scenario.watchesAfter = seed % 2 == 0 ? 1 : 255
            let echo: [Peer.Action] = [.awaitBytes(5), .send(5), .silence]
            scenario.endpoints = [1: Network.Endpoint(behaviour: .accepts) { Peer(echo) }]
            scenario.clients = [Peer([.send(5), .awaitBytes(5), .sleep(1_000_000_000), .reset])]
            scenario.steps = [.endpoints(service: 0, [])]
            return scenario
        }
    }
}
