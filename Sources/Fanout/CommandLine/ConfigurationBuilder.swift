import Logging
import Reactor

/// Turns settings and the machine's limits into a ``Configuration``, or into the first thing that is wrong.
struct ConfigurationBuilder {
    let values: SettingValues
    let environment: [String: String]
    let machine: Machine

    /// TCP_KEEPIDLE takes whole seconds up to this (tcp(7), MAX_TCP_KEEPIDLE).
    private static let longestKeepalive: UInt64 = 32767

    private static let shortestCheckInterval = Interval(nanoseconds: 100_000_000)
    private static let shortestAccessLogInterval = Interval(nanoseconds: 100_000_000)
    /// Sessions count microseconds from their accept in 32 bits.
    private static let longestBudget = Interval.seconds(3600)

    func build() throws(UsageError) -> Configuration {
        let services = try ServiceList(values: values).build()
        let admin = try admin(beside: services)
        let workers = try workers()
        let connectTimeout = try positive(.connectTimeout)
        let connectBudget = try required(.connectBudget) { text throws(InvalidValue) in
            let interval = try Interval(parsing: text)
            guard interval > .zero, interval <= Self.longestBudget else {
                throw InvalidValue("longer than 0 and at most 1h, such as 5s")
            }
            return interval
        }
        guard connectTimeout <= connectBudget else {
            throw UsageError(
                "\(values[.connectTimeout].origin) must not be longer than \(values[.connectBudget].origin) "
                    + "(\(connectBudget)); got \(connectTimeout), so give both"
            )
        }
        let balance = try choice(.balance, BalancePolicy.self)
        let rebalances = try choice(.rebalance, Switch.self).isOn
        guard !rebalances || balance == .leastConnections else {
            throw UsageError(
                "\(values[.rebalance].origin) on must come with \(values[.balance].origin) least-connections; "
                    + "got \(balance.rawValue), which sends moved sessions anywhere"
            )
        }
        return Configuration(
            services: services,
            workers: workers,
            pinWorkers: try choice(.pinWorkers, Switch.self).isOn,
            driver: try choice(.driver, DriverChoice.self),
            balance: balance,
            hedge: try hedge(),
            slowStart: try interval(.slowStart),
            checkInterval: try checkInterval(),
            endpointCap: try endpointCap(),
            preferences: try values[.prefer].parseAll(Preference.init(parsing:)),
            connectTimeout: connectTimeout,
            connectBudget: connectBudget,
            keepalive: try keepalive(),
            idleTimeout: try interval(.idleTimeout),
            drainTimeout: try interval(.drainTimeout),
            connections: try connections(workers: workers.count, listeners: services.count, hasAdmin: admin != nil),
            buffers: BufferPlan(memory: machine.memory, workers: workers.count),
            busyPoll: try busyPoll(),
            onRemove: try required(.onRemove, RemovalPolicy.init(parsing:)),
            rebalances: rebalances,
            stateFile: try stateFile(),
            nomad: try nomad(isNeeded: services.contains { $0.source.isNomad }),
            admin: admin,
            log: LogConfiguration(
                format: try choice(.logFormat, LogFormat.self),
                level: try choice(.logLevel, Logger.Level.self),
                accessLog: try choice(.accessLog, Switch.self).isOn,
                accessLogInterval: try accessLogInterval()
            )
        )
    }

    private func workers() throws(UsageError) -> WorkerCount {
        try required(.workers) { text throws(InvalidValue) in
            try WorkerCount(parsing: text, machine: machine)
        }
    }

    /// Nil for `off`.
    private func admin(beside services: [ServiceConfiguration]) throws(UsageError) -> ListenAddress? {
        let address = try required(.adminAddress) { text throws(InvalidValue) -> ListenAddress? in
            text == Switch.off.rawValue ? nil : try ListenAddress(parsing: text)
        }
        guard let address, let taken = services.first(where: { $0.listen.collides(with: address) }) else {
            return address
        }
        throw UsageError(
            "\(values[.adminAddress].origin) must be an address of its own; got \(address), taken by \(taken.listen)"
        )
    }

    private func connections(
        workers: Int,
        listeners: Int,
        hasAdmin: Bool
    ) throws(UsageError) -> ConnectionLimit {
        let capacity = ConnectionCapacity(
            machine: machine,
            workers: workers,
            listeners: listeners,
            hasAdmin: hasAdmin
        )
        let given = try values[.maxConnections].parse { text throws(InvalidValue) in
            try capacity.limit(parsing: text)
        }
        return given ?? capacity.defaultLimit
    }

    private func nomad(isNeeded: Bool) throws(UsageError) -> NomadConfiguration {
        let nomad = NomadEnvironment(values: values, environment: environment, isNeeded: isNeeded)
        return NomadConfiguration(
            address: try nomad.address.parse(NomadEnvironment.parse(address:)),
            namespace: try nomad.namespace.parse(Name.namespace(parsing:)),
            region: try nomad.region.parse(Name.region(parsing:)),
            allowStale: try choice(.allowStale, Switch.self).isOn,
            tokenFile: try values[.tokenFile].parse { text throws(InvalidValue) in
                guard !text.isEmpty, !text.utf8.contains(0) else { throw InvalidValue("the path of a file") }
                return text
            }
        )
    }

    private func stateFile() throws(UsageError) -> String? {
        try values[.stateFile].parse { text throws(InvalidValue) in
            // Its folder is the only one that the process can write in: not the root of everything.
            guard !text.isEmpty, !text.utf8.contains(0), text.last != "/", text.lastIndex(of: "/") != text.startIndex
            else { throw InvalidValue("the path of a file in a folder of its own") }
            return text
        }
    }

    private func keepalive() throws(UsageError) -> Interval {
        try required(.keepalive) { text throws(InvalidValue) in
            let interval = try Interval(parsing: text)
            guard let seconds = interval.wholeSeconds, seconds <= Self.longestKeepalive else {
                throw InvalidValue("0, or whole seconds from 1s to \(Self.longestKeepalive)s")
            }
            return interval
        }
    }

    private func busyPoll() throws(UsageError) -> Interval {
        try required(.busyPoll) { text throws(InvalidValue) in
            guard text != Switch.off.rawValue else { return .zero }
            let interval = try Interval(parsing: text)
            guard interval <= .seconds(1) else { throw InvalidValue("off, or a time up to 1s, such as 50us") }
            return interval
        }
    }

    private func hedge() throws(UsageError) -> HedgePolicy {
        try required(.hedgeAfter) { text throws(InvalidValue) in
            switch text {
            case "auto": return .auto
            case "off": return .off
            case _:
                guard let delay = try? Interval(parsing: text), delay > .zero else {
                    throw InvalidValue("auto, off, or a time longer than 0, such as 20ms")
                }
                return .after(delay.nanoseconds)
            }
        }
    }

    private func checkInterval() throws(UsageError) -> Interval {
        try required(.checkInterval) { text throws(InvalidValue) in
            guard text != Switch.off.rawValue else { return .zero }
            guard let interval = try? Interval(parsing: text), interval >= Self.shortestCheckInterval else {
                throw InvalidValue("off, or a time of 100ms or more, such as 5s")
            }
            return interval
        }
    }

    private func accessLogInterval() throws(UsageError) -> Interval {
        try required(.accessLogInterval) { text throws(InvalidValue) in
            let interval = try Interval(parsing: text)
            guard interval == .zero || interval >= Self.shortestAccessLogInterval else {
                throw InvalidValue("0, or a time of 100ms or more, such as 10m")
            }
            return interval
        }
    }

    private func endpointCap() throws(UsageError) -> UInt32 {
        try values[.maxConnectionsPerEndpoint].parse { text throws(InvalidValue) in
            guard let number = UInt32(text), (1...1_000_000).contains(number) else {
                throw InvalidValue("a whole number from 1 to 1000000")
            }
            return number
        } ?? .max
    }

    private func positive(_ setting: Setting) throws(UsageError) -> Interval {
        try required(setting) { text throws(InvalidValue) in
            let interval = try Interval(parsing: text)
            guard interval > .zero else { throw InvalidValue("longer than 0, such as 500ms or 2s") }
            return interval
        }
    }

    private func interval(_ setting: Setting) throws(UsageError) -> Interval {
        try required(setting, Interval.init(parsing:))
    }

    private func choice<Value: Choice>(_ setting: Setting, _: Value.Type) throws(UsageError) -> Value {
        try required(setting, Value.init(parsing:))
    }

    /// The value of a setting that has a default.
    private func required<Value>(
        _ setting: Setting,
        _ parse: (String) throws(InvalidValue) -> Value
    ) throws(UsageError) -> Value {
        guard let value = try values[setting].parse(parse) else {
            preconditionFailure("\(setting.flag) has a default")
        }
        return value
    }
}
