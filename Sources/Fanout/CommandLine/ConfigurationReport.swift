/// The text of `--print-config`: every setting, its effective value, where that came from and, if it was found out, why.
struct ConfigurationReport {
    let values: SettingValues
    let nomad: NomadEnvironment
    let configuration: Configuration

    private struct Row {
        let flag: String
        let value: String
        let source: String
        let note: String
    }

    /// Stands for a setting without a value.
    private static let none = "-"

    /// One line a setting, in the order of ``Setting``, columns separated by two spaces or more.
    var text: String {
        let rows = Setting.allCases.map(row(of:))
        let flagWidth = rows.map(\.flag.count).max() ?? 0
        let valueWidth = rows.map(\.value.count).max() ?? 0
        let sourceWidth = rows.map(\.source.count).max() ?? 0
        return rows.map { row in
            let columns = pad(row.flag, flagWidth) + "  " + pad(row.value, valueWidth) + "  "
            return columns + (row.note.isEmpty ? row.source : pad(row.source, sourceWidth) + "  " + row.note) + "\n"
        }.joined()
    }

    private func row(of setting: Setting) -> Row {
        let value = effectiveValue(of: setting)
        let source = value.source.description
        switch setting {
        case .workers:
            let workers = configuration.workers
            let buffers = configuration.buffers
            let note = workers.reason + (buffers.reason == nil ? "" : "; buffers: \(buffers.description)")
            return Row(flag: setting.flag, value: "\(workers.count)", source: source, note: note)
        case .maxConnections:
            let limit = configuration.connections
            return Row(flag: setting.flag, value: "\(limit.count)", source: source, note: limit.reason)
        case .tokenFile where !value.isGiven && configuration.needsNomad:
            return tokenRow
        case .listenAddress where !value.isGiven && !values.isGiven(.service) && !values.isGiven(.endpoint):
            return Row(flag: setting.flag, value: Self.none, source: source, note: "only --forward is given")
        case .nomadAddress:
            let address = configuration.nomad.address.map(NomadEnvironment.withoutPassword) ?? Self.none
            return Row(flag: setting.flag, value: address, source: source, note: "")
        case .service, .listenAddress, .forward, .endpoint, .pinWorkers, .driver, .balance, .connectTimeout,
            .connectBudget, .keepalive, .idleTimeout, .drainTimeout, .busyPoll, .hedgeAfter, .stateFile, .adminAddress,
            .onRemove, .rebalance,
            .slowStart, .checkInterval,
            .maxConnectionsPerEndpoint, .prefer, .namespace, .region, .allowStale, .tokenFile, .logFormat, .logLevel,
            .accessLog, .accessLogInterval:
            let text = value.texts.isEmpty ? Self.none : value.texts.joined(separator: " ")
            return Row(flag: setting.flag, value: onOneLine(text), source: source, note: "")
        }
    }

    /// Where the token comes from when no flag names its file; never the token.
    private var tokenRow: Row {
        let token = TokenSource(explicitFile: nil, environment: nomad.environment)
        let hasFixed = token.fixedToken != nil
        let (value, variable): (String, String?) =
            switch (token.file, hasFixed) {
            case (let file?, _): (onOneLine(file), TokenSource.folderVariable)
            case (nil, true): (TokenSource.tokenVariable, TokenSource.tokenVariable)
            case (nil, false): (Self.none, nil)
            }
        let source = variable.map { SettingSource.environment(variable: $0) } ?? .builtIn
        let note = token.file != nil && hasFixed ? "\(TokenSource.tokenVariable) while it is not there" : ""
        return Row(flag: Setting.tokenFile.flag, value: value, source: source.description, note: note)
    }

    private func onOneLine(_ text: String) -> String {
        var line = LineBuffer()
        line.append(line: text)
        return line.text
    }

    private func effectiveValue(of setting: Setting) -> SettingValue {
        switch setting {
        case .nomadAddress: nomad.address
        case .namespace: nomad.namespace
        case .region: nomad.region
        case .service, .listenAddress, .forward, .endpoint, .workers, .pinWorkers, .driver, .balance, .connectTimeout,
            .connectBudget, .keepalive, .idleTimeout, .drainTimeout, .maxConnections, .busyPoll, .hedgeAfter,
            .stateFile, .adminAddress, .onRemove,
            .rebalance,
            .slowStart, .checkInterval, .maxConnectionsPerEndpoint, .prefer, .allowStale, .tokenFile, .logFormat,
            .logLevel, .accessLog, .accessLogInterval:
            values[setting]
        }
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}
