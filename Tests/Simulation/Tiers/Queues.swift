/// A long queue of clients when a drain begins: all of them are served or told, whatever goes wrong with some.
public enum Queues {
    public static func run(_ seeds: Range<UInt64>) -> Report {
        Report(seeds, of: "Queues") { _ in
            var scenario = Scenario()
            scenario.endpoints = [1: Network.Endpoint(behaviour: .accepts) { Peer([.fin]) }]
            scenario.steps = [.crowd(service: 0, worker: 0, 300), .drain]
            return scenario
        }
    }
}
