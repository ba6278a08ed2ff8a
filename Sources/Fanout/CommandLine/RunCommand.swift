import ArgumentParser

/// The flags of `fanout run`, as texts: their meaning is parsed later, together with the environment's.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Proxy TCP connections to the instances of Nomad services.",
        usage: "fanout [run] [<options>]",
        discussion: """
            Each flag --some-flag also reads FANOUT_SOME_FLAG (repeatable flags: values separated by spaces); \
            the flag wins. Durations D: 50us, 500ms, 2s, 1m, 1h. Connections keep running when Nomad does not answer.

            fanout doctor with the same flags checks what a run would find. For a Fanout that runs with \
            --admin-address: fanout top, fanout explain, fanout wait.
            """,
        version: Version.text
    )

    // `unconditional`: a value such as -1 or a forgotten one is refused with what would be right.
    @Option(parsing: .unconditional, help: Setting.service.help) var service: String?
    @Option(parsing: .unconditional, help: Setting.listenAddress.help) var listenAddress: String?
    @Option(parsing: .unconditionalSingleValue, help: Setting.forward.help) var forward: [String] = []
    @Option(parsing: .unconditionalSingleValue, help: Setting.endpoint.help) var endpoint: [String] = []
    @Option(parsing: .unconditional, help: Setting.workers.help) var workers: String?
    @Flag(inversion: .prefixedNo, help: Setting.pinWorkers.help) var pinWorkers: Bool?
    @Option(parsing: .unconditional, help: Setting.driver.help) var driver: String?
    @Option(parsing: .unconditional, help: Setting.balance.help) var balance: String?
    @Option(parsing: .unconditional, help: Setting.connectTimeout.help) var connectTimeout: String?
    @Option(parsing: .unconditional, help: Setting.connectBudget.help) var connectBudget: String?
    @Option(parsing: .unconditional, help: Setting.keepalive.help) var keepalive: String?
    @Option(parsing: .unconditional, help: Setting.idleTimeout.help) var idleTimeout: String?
    @Option(parsing: .unconditional, help: Setting.drainTimeout.help) var drainTimeout: String?
    @Option(parsing: .unconditional, help: Setting.maxConnections.help) var maxConnections: String?
    @Option(parsing: .unconditional, help: Setting.busyPoll.help) var busyPoll: String?
    @Option(parsing: .unconditional, help: Setting.hedgeAfter.help) var hedgeAfter: String?
    @Option(parsing: .unconditional, help: Setting.slowStart.help) var slowStart: String?
    @Option(parsing: .unconditional, help: Setting.checkInterval.help) var checkInterval: String?
    @Option(parsing: .unconditional, help: Setting.maxConnectionsPerEndpoint.help)
    var maxConnectionsPerEndpoint: String?
    @Option(parsing: .unconditionalSingleValue, help: Setting.prefer.help) var prefer: [String] = []
    @Option(parsing: .unconditional, help: Setting.onRemove.help) var onRemove: String?
    @Option(parsing: .unconditional, help: Setting.rebalance.help) var rebalance: String?
    @Option(help: Setting.stateFile.help) var stateFile: String?
    @Option(parsing: .unconditional, help: Setting.nomadAddress.help) var nomadAddress: String?
    @Option(parsing: .unconditional, help: Setting.namespace.help) var namespace: String?
    @Option(help: Setting.region.help) var region: String?
    @Option(parsing: .unconditional, help: Setting.allowStale.help) var allowStale: String?
    @Option(help: Setting.tokenFile.help) var tokenFile: String?
    @Option(parsing: .unconditional, help: Setting.adminAddress.help) var adminAddress: String?
    @Option(parsing: .unconditional, help: Setting.logFormat.help) var logFormat: String?
    @Option(parsing: .unconditional, help: Setting.logLevel.help) var logLevel: String?
    @Option(parsing: .unconditional, help: Setting.accessLog.help) var accessLog: String?
    @Option(parsing: .unconditional, help: Setting.accessLogInterval.help) var accessLogInterval: String?

    @Flag(help: "Print every effective value and where it came from, and exit.") var printConfig = false

    /// What the command line says about `setting`, empty when nothing.
    func texts(of setting: Setting) -> [String] {
        switch setting {
        case .service: one(service)
        case .listenAddress: one(listenAddress)
        case .forward: forward
        case .endpoint: endpoint
        case .workers: one(workers)
        case .pinWorkers: one(pinWorkers.map { ($0 ? Switch.on : .off).rawValue })
        case .driver: one(driver)
        case .balance: one(balance)
        case .connectTimeout: one(connectTimeout)
        case .connectBudget: one(connectBudget)
        case .keepalive: one(keepalive)
        case .idleTimeout: one(idleTimeout)
        case .drainTimeout: one(drainTimeout)
        case .maxConnections: one(maxConnections)
        case .busyPoll: one(busyPoll)
        case .hedgeAfter: one(hedgeAfter)
        case .slowStart: one(slowStart)
        case .checkInterval: one(checkInterval)
        case .maxConnectionsPerEndpoint: one(maxConnectionsPerEndpoint)
        case .prefer: prefer
        case .onRemove: one(onRemove)
        case .rebalance: one(rebalance)
        case .stateFile: one(stateFile)
        case .nomadAddress: one(nomadAddress)
        case .namespace: one(namespace)
        case .region: one(region)
        case .allowStale: one(allowStale)
        case .tokenFile: one(tokenFile)
        case .adminAddress: one(adminAddress)
        case .logFormat: one(logFormat)
        case .logLevel: one(logLevel)
        case .accessLog: one(accessLog)
        case .accessLogInterval: one(accessLogInterval)
        }
    }

    private func one(_ text: String?) -> [String] { text.map { [$0] } ?? [] }
}
