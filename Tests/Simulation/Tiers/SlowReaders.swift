/// A client that takes a little again and again, and so slowly that the kernel takes more for it only after longer than
/// sessions may idle, or than one side may be gone.
public enum SlowReaders {
    public static func run(_ seeds: Range<UInt64>) -> Report {
        Report(seeds, of: "SlowReaders") { seed in
            var scenario = Scenario()
            let isReset = seed % 2 == 0
            scenario.idleTimeout = isReset ? 0 : 2_000_000_000
            scenario.pipes = Int(seed / 2 % 2)
            scenario.pipeCapacity = 64
            scenario.endpoints = [
                1: Network.Endpoint(behaviour: .accepts) { Peer([.send(400), isReset ? .reset : .fin]) }
            ]
            let sips = Array(repeating: [Peer.Action.sleep(700_000_000), .take(2)], count: 60).joined()
            scenario.clients = [Peer([.send(1), .stopReading] + sips + [.startReading, .awaitEnd, .fin], window: 60)]
            return scenario
        }
    }
}
