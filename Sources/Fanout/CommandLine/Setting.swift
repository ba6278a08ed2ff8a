import ArgumentParser

/// Everything that an operator can set; the one list behind flags, variables, help and `--print-config`.
///
/// The raw value is the flag without its dashes.
enum Setting: String, CaseIterable, Sendable {
    case service
    case listenAddress = "listen-address"
    case forward
    case endpoint
    case workers
    case pinWorkers = "pin-workers"
    case driver
    case balance
    case connectTimeout = "connect-timeout"
    case connectBudget = "connect-budget"
    case keepalive
    case idleTimeout = "idle-timeout"
    case drainTimeout = "drain-timeout"
    case maxConnections = "max-connections"
    case busyPoll = "busy-poll"
    case hedgeAfter = "hedge-after"
    case slowStart = "slow-start"
    case checkInterval = "check-interval"
    case maxConnectionsPerEndpoint = "max-connections-per-endpoint"
    case prefer
    case onRemove = "on-remove"
    case rebalance
    case stateFile = "state-file"
    case nomadAddress = "nomad-address"
    case namespace
    case region
    case allowStale = "allow-stale"
    case tokenFile = "token-file"
    case adminAddress = "admin-address"
    case logFormat = "log-format"
    case logLevel = "log-level"
    case accessLog = "access-log"
    case accessLogInterval = "access-log-interval"

    var flag: String { "--" + rawValue }

    /// The environment variable that is read when the flag is not given.
    var variable: String { Self.variable(of: rawValue) }

    /// The variable of a flag, named without its dashes.
    static func variable(of flag: String) -> String {
        "FANOUT_" + String(flag.map { $0 == "-" ? "_" : $0 }).uppercased()
    }

    /// Whether the flag may be given several times, and its variable hold several values between spaces.
    var isRepeatable: Bool {
        switch self {
        case .forward, .endpoint, .prefer: true
        case .service, .listenAddress, .workers, .pinWorkers, .driver, .balance, .connectTimeout, .connectBudget,
            .keepalive, .idleTimeout, .drainTimeout, .maxConnections, .busyPoll, .hedgeAfter, .stateFile, .adminAddress,
            .onRemove, .rebalance,
            .slowStart,
            .checkInterval,
            .maxConnectionsPerEndpoint, .nomadAddress, .namespace, .region, .allowStale, .tokenFile, .logFormat,
            .logLevel, .accessLog, .accessLogInterval:
            false
        }
    }

    /// The value that holds when neither flag nor variable is there; nil when it is none or has to be found out.
    var defaultText: String? {
        switch self {
        case .service, .forward, .endpoint, .maxConnections, .maxConnectionsPerEndpoint, .prefer, .stateFile,
            .nomadAddress, .region, .tokenFile:
            nil
        case .namespace: DiscoverySettings.defaultNamespace
        case .listenAddress: "127.0.0.1:8080"
        case .workers: "auto"
        case .pinWorkers: "off"
        case .driver: "auto"
        case .balance: "least-connections"
        case .connectTimeout: "1s"
        case .connectBudget: "5s"
        case .keepalive: "60s"
        case .idleTimeout: "0"
        case .drainTimeout: "25s"
        case .busyPoll: "off"
        case .hedgeAfter: "auto"
        case .slowStart: "10s"
        case .checkInterval: "off"
        case .onRemove: "keep"
        case .rebalance: "off"
        case .allowStale: "on"
        case .adminAddress: "off"
        case .logFormat: "text"
        case .logLevel: "info"
        case .accessLog: "on"
        case .accessLogInterval: "0"
        }
    }

    /// The default in words, as the help shows it.
    var defaultDescription: String {
        switch self {
        case .service, .forward, .endpoint, .maxConnectionsPerEndpoint, .prefer, .stateFile: "none"
        case .maxConnections: "from the descriptor and memory limits"
        case .nomadAddress: "NOMAD_ADDR, else NOMAD_UNIX_ADDR, else $NOMAD_SECRETS_DIR/api.sock"
        case .namespace: "NOMAD_NAMESPACE, else \(DiscoverySettings.defaultNamespace)"
        case .region: "NOMAD_REGION"
        case .tokenFile: "$NOMAD_SECRETS_DIR/nomad_token, else the token in NOMAD_TOKEN"
        case .listenAddress, .workers, .pinWorkers, .driver, .balance, .connectTimeout, .connectBudget, .keepalive,
            .idleTimeout, .drainTimeout, .busyPoll, .hedgeAfter, .adminAddress, .onRemove, .rebalance, .slowStart,
            .checkInterval,
            .allowStale, .logFormat,
            .logLevel, .accessLog, .accessLogInterval:
            defaultText ?? "none"
        }
    }

    private var meaning: String {
        switch self {
        case .service: "The Nomad service behind --listen-address; with --endpoint only a label"
        case .listenAddress: "Where clients connect: IPV4:PORT, [IPV6]:PORT, :PORT (all) or unix:/PATH"
        case .forward: "LISTEN=SERVICE[@NAMESPACE] or LISTEN=HOST:PORT,HOST:PORT; repeatable: several services at once"
        case .endpoint: "A fixed endpoint for --listen-address, without Nomad; repeatable"
        case .workers: "Worker threads, 1 to 256; auto is the usable CPUs, at most 4"
        case .pinWorkers: "Pin each worker to a CPU"
        case .driver: "Kernel interface; auto says what it chose and why"
        case .balance: "How a worker picks an endpoint"
        case .connectTimeout: "How long one attempt to connect may last"
        case .connectBudget: "How long all attempts and waiting may last together; then the client gets a reset"
        case .keepalive: "Idle time before TCP keepalive probes, in whole seconds; 0 is off"
        case .idleTimeout: "Idle time after which a session is ended; 0 is never"
        case .drainTimeout: "How long a drain may last; 0 resets every session at once"
        case .maxConnections: "Connections of the whole process; a client beyond it is reset and counted"
        case .busyPoll: "Spin this long before sleeping, at most 1s, or off: less latency for a whole core a worker"
        case .hedgeAfter: "Try a second endpoint when a connect takes this long; auto: twice the usual time"
        case .slowStart: "How long a new endpoint takes to get its full share; 0 is at once"
        case .checkInterval: "Also connect to each endpoint this often, to see whether it is there; or off"
        case .maxConnectionsPerEndpoint: "Connections that one endpoint may have; beyond it clients wait"
        case .prefer: "Prefer endpoints of zone=NAME, node=ID or datacenter=NAME; repeatable, the nearest first"
        case .onRemove: "What happens to the living sessions of an endpoint that leaves"
        case .rebalance: "Move surplus quiet sessions to endpoints that have joined, by closing them"
        case .stateFile: "File that keeps the last known endpoints over restarts, for when Nomad does not answer"
        case .nomadAddress: "The Nomad API: http://, https:// or unix:///PATH"
        case .namespace: "Namespace of services that name none"
        case .region: "Nomad region"
        case .allowStale: "Let any Nomad server answer, not the leader alone"
        case .tokenFile: "File that holds the Nomad token, read again when it changes"
        case .adminAddress: "Where metrics, readiness and the state are served over HTTP: an address as above, or off"
        case .logFormat: "Form of the logs on standard error and of the access log"
        case .logLevel: "Least severe level that is logged: trace, debug, info, notice, warning, error or critical"
        case .accessLog: "One line on standard output for each session that ends"
        case .accessLogInterval: "Also a line for each living session this often; 0 is never"
        }
    }

    private var placeholder: String {
        switch self {
        case .service: "NAME"
        case .listenAddress: "ADDR"
        case .adminAddress: "ADDR|unix:PATH|off"
        case .forward: "LISTEN=SERVICE"
        case .endpoint: "HOST:PORT"
        case .workers: "N|auto"
        case .driver: DriverChoice.choices
        case .balance: BalancePolicy.choices
        case .connectTimeout, .connectBudget, .keepalive, .idleTimeout, .drainTimeout, .accessLogInterval, .slowStart:
            "D"
        case .busyPoll, .checkInterval: "D|off"
        case .hedgeAfter: "D|auto|off"
        case .maxConnections, .maxConnectionsPerEndpoint: "N"
        case .prefer: "KIND=VALUE"
        case .onRemove: RemovalPolicy.choices
        case .nomadAddress: "URL"
        case .namespace: "NAMESPACE"
        case .region: "REGION"
        case .stateFile, .tokenFile: "PATH"
        case .logFormat: LogFormat.choices
        case .logLevel: "LEVEL"
        case .pinWorkers, .rebalance, .allowStale, .accessLog: Switch.choices
        }
    }

    var help: ArgumentHelp {
        ArgumentHelp("\(meaning) (default: \(defaultDescription))", valueName: placeholder)
    }
}
