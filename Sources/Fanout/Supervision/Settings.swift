import CURing
import Reactor

extension DataPathSettings {
    init(_ configuration: Configuration, seed: UInt64) {
        self.init(
            balance: configuration.balance,
            endpointCap: configuration.endpointCap,
            hedge: configuration.hedge,
            connectTimeout: configuration.connectTimeout.nanoseconds,
            connectBudget: configuration.connectBudget.nanoseconds,
            idleTimeout: configuration.idleTimeout.nanoseconds,
            accessLogInterval: configuration.log.accessLogInterval.nanoseconds,
            recordsAccess: configuration.log.accessLog,
            keepaliveSeconds: Int32(clamping: configuration.keepalive.wholeSeconds ?? 0),
            localPorts: LocalPorts.now(),
            isPaced: CongestionControl.isPaced,
            busyPoll: configuration.busyPoll.nanoseconds,
            buffers: configuration.buffers.sizes,
            maxConnections: configuration.connections.count,
            pipesPerWorker: Self.pipesPerWorker(
                connections: configuration.connections.count,
                workers: configuration.workers.count
            ),
            seed: seed,
            onRemove: configuration.onRemove,
            rebalances: configuration.rebalances
        )
    }
}

extension EndpointRegistry.Policy {
    init(_ configuration: Configuration, seed: UInt64) {
        self.init(
            slowStart: configuration.slowStart.nanoseconds,
            preferences: configuration.preferences,
            seed: seed
        )
    }
}

extension DiscoverySettings {
    init(_ configuration: Configuration, environment: [String: String]) throws(NomadSetupError) {
        let address: NomadAddress? =
            if let text = configuration.nomad.address {
                try NomadAddress(text, setBy: "the Nomad address", environment: environment)
            } else {
                nil
            }
        self.init(address: address, environment: environment)
        namespace = configuration.nomad.namespace ?? namespace
        region = configuration.nomad.region ?? region
        allowsStale = configuration.nomad.allowStale
        tokenFile = configuration.nomad.tokenFile
    }
}

/// What makes ties fall differently in each process.
enum ProcessSeed {
    /// The allocation's id where Nomad gives one, so that a restarted sidecar chooses as before; else chance.
    static func make(_ environment: [String: String]) -> UInt64 {
        guard let allocation = environment["NOMAD_ALLOC_ID"], !allocation.isEmpty else {
            return UInt64.random(in: .min ... .max)
        }
        // FNV-1a, 64 bits (Fowler, Noll, Vo).
        return allocation.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
    }
}

/// The CPUs that this process may run on.
enum AllowedCPUs {
    private static let words = 16

    /// Empty if they cannot be told; at most the first 1,024.
    static func list() -> [Int32] {
        var mask = [UInt64](repeating: 0, count: words)
        guard unsafe fanout_cpu_affinity(&mask, words) > 0 else { return [] }
        return (0..<Int32(words * 64)).filter { mask[Int($0) / 64] & (1 << UInt64($0 % 64)) != 0 }
    }
}
