/// A session that is connected at last while the worker walks over the others to set up keepalive, in a slot which that walk
/// has passed, and after which none begins any more.
public enum KeepaliveWalks {
    public static func run(_ seeds: Range<UInt64>) -> Report {
        Report(seeds, of: "KeepaliveWalks") { _ in
            var scenario = Scenario()
            scenario.keepaliveSeconds = 4
            scenario.keepalivePause = 3_000_000_000
            scenario.connectTimeout = 2_000_000_000
            scenario.services = [[1, 2], [2]]
            scenario.endpoints = [
                1: Network.Endpoint(behaviour: .silent) { Peer([]) },
                2: Network.Endpoint(behaviour: .accepts) { Peer([.awaitEnd, .fin]) },
            ]
            let client = Peer([.send(1), .sleep(60_000_000_000), .fin])
            scenario.clients = [client]
            scenario.steps = [.client(service: 1, client), .client(service: 1, client)]
            return scenario
        }
    }
}
