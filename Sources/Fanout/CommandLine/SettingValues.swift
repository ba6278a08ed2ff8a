/// Where an effective value came from.
enum SettingSource: Hashable, Sendable {
    case flag
    case environment(variable: String)
    case builtIn
}

extension SettingSource: CustomStringConvertible {
    var description: String {
        switch self {
        case .flag: "flag"
        case .environment(let variable): "environment \(variable)"
        case .builtIn: "default"
        }
    }
}

/// The texts of one setting that are in force.
struct SettingValue: Equatable, Sendable {
    let setting: Setting
    /// Empty when the setting has no value; more than one for repeatable settings only.
    let texts: [String]
    let source: SettingSource

    /// What messages call it: the flag, or the variable that held the value.
    var origin: String {
        switch source {
        case .flag, .builtIn: setting.flag
        case .environment(let variable): variable
        }
    }

    var isGiven: Bool {
        switch source {
        case .flag, .environment: true
        case .builtIn: false
        }
    }

    /// Parses the one text; nil when there is none.
    func parse<Value>(_ parse: (String) throws(InvalidValue) -> Value) throws(UsageError) -> Value? {
        try parseAll(parse).last
    }

    /// Parses each text; the error names the flag or the variable.
    func parseAll<Value>(_ parse: (String) throws(InvalidValue) -> Value) throws(UsageError) -> [Value] {
        var values: [Value] = []
        for text in texts {
            do {
                values.append(try parse(text))
            } catch {
                throw UsageError(origin, error, got: text)
            }
        }
        return values
    }
}

/// The settings in force: flag over environment over default.
///
/// An empty variable counts as absent: job files make those easily. Unknown variables are ignored.
struct SettingValues: Sendable {
    private let values: [Setting: SettingValue]

    init(flags: RunCommand, environment: [String: String]) {
        values = Dictionary(
            uniqueKeysWithValues: Setting.allCases.map { ($0, Self.value(of: $0, flags, environment)) }
        )
    }

    subscript(setting: Setting) -> SettingValue {
        values[setting] ?? SettingValue(setting: setting, texts: [], source: .builtIn)
    }

    /// Whether `setting` was given, by flag or by environment.
    func isGiven(_ setting: Setting) -> Bool { self[setting].isGiven }

    private static func value(
        of setting: Setting,
        _ flags: RunCommand,
        _ environment: [String: String]
    ) -> SettingValue {
        let given = flags.texts(of: setting)
        if !given.isEmpty { return SettingValue(setting: setting, texts: given, source: .flag) }
        let text = environment[setting.variable] ?? ""
        let texts = setting.isRepeatable ? text.split(separator: " ").map(String.init) : text.isEmpty ? [] : [text]
        if !texts.isEmpty {
            return SettingValue(setting: setting, texts: texts, source: .environment(variable: setting.variable))
        }
        return SettingValue(setting: setting, texts: setting.defaultText.map { [$0] } ?? [], source: .builtIn)
    }
}
