import Logging

/// Where the endpoints of a service come from.
enum ServiceSource: Hashable, Sendable {
    /// A service in Nomad's catalogue; without a namespace the configuration's own.
    case nomad(service: String, namespace: String?)
    /// Endpoints that never change; never empty.
    case fixed([HostPort])
}

extension ServiceSource: CustomStringConvertible {
    /// The right side of `--forward`.
    var description: String {
        switch self {
        case .nomad(let service, let namespace?): "\(service)@\(namespace)"
        case .nomad(let service, nil): service
        case .fixed(let endpoints): endpoints.map(\.description).joined(separator: ",")
        }
    }

    var isNomad: Bool {
        switch self {
        case .nomad: true
        case .fixed: false
        }
    }
}

/// One listen address and the service behind it.
struct ServiceConfiguration: Hashable, Sendable {
    /// The `service` of metrics and logs: `redis`, `postgres@data`, or `static`; several services may share one.
    let label: String
    let listen: ListenAddress
    let source: ServiceSource
    /// Whether it is one of `--forward`, in place of the one behind `--listen-address`.
    let isForwarded: Bool
}

/// How to reach Nomad; only what was given or found in Nomad's own environment.
struct NomadConfiguration: Hashable, Sendable {
    /// `http://`, `https://` or `unix://`; nil only when no service needs Nomad.
    let address: String?
    let namespace: String?
    let region: String?
    let allowStale: Bool
    /// Only as given by the operator; nil leaves the token to `$NOMAD_SECRETS_DIR/nomad_token`, then `NOMAD_TOKEN`.
    let tokenFile: String?
}

struct LogConfiguration: Hashable, Sendable {
    let format: LogFormat
    let level: Logger.Level
    let accessLog: Bool
    /// Zero: no lines for living sessions.
    let accessLogInterval: Interval
}

/// Everything that a run needs, checked: the flags, the environment and the machine's limits taken together.
struct Configuration: Equatable, Sendable {
    /// In the order given, `--listen-address` first; no two on one address; never empty.
    let services: [ServiceConfiguration]
    let workers: WorkerCount
    let pinWorkers: Bool
    let driver: DriverChoice
    let balance: BalancePolicy
    let hedge: HedgePolicy
    /// Zero: none.
    let slowStart: Interval
    /// Zero: no active checks.
    let checkInterval: Interval
    /// The largest number for no limit.
    let endpointCap: UInt32
    /// The nearest first.
    let preferences: [Preference]
    /// Above zero and at most ``connectBudget``.
    let connectTimeout: Interval
    let connectBudget: Interval
    /// Whole seconds, zero for off.
    let keepalive: Interval
    /// Zero: never.
    let idleTimeout: Interval
    /// Zero: sessions are reset as soon as a drain begins.
    let drainTimeout: Interval
    let connections: ConnectionLimit
    let buffers: BufferPlan
    /// How long a worker spins before it sleeps; zero: not at all.
    let busyPoll: Interval
    let onRemove: RemovalPolicy
    /// Only with ``BalancePolicy/leastConnections``.
    let rebalances: Bool
    /// Where the last known endpoints are kept over restarts.
    let stateFile: String?
    let nomad: NomadConfiguration
    /// Where the admin endpoint listens, if there is one.
    let admin: ListenAddress?
    let log: LogConfiguration

    /// Whether any service is looked up in Nomad.
    var needsNomad: Bool { services.contains { $0.source.isNomad } }
}
