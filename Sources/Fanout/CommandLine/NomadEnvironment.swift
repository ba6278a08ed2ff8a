/// Where Nomad is, when no flag says so: the variables that Nomad itself sets in a task, or its command line reads.
///
/// They are looked at only when a service needs Nomad: a stray `NOMAD_ADDR` must not stop a proxy with fixed endpoints.
struct NomadEnvironment {
    let values: SettingValues
    let environment: [String: String]
    let isNeeded: Bool

    /// `--nomad-address`, `NOMAD_ADDR`, `NOMAD_UNIX_ADDR`, `$NOMAD_SECRETS_DIR/api.sock` (since Nomad 1.5).
    var address: SettingValue {
        value(
            of: .nomadAddress,
            else: [
                ("NOMAD_ADDR", { $0 }),
                ("NOMAD_UNIX_ADDR", { $0.hasPrefix("/") ? "unix://" + $0 : $0 }),
                ("NOMAD_SECRETS_DIR", { "unix://" + $0 + "/api.sock" }),
            ]
        )
    }

    var namespace: SettingValue { value(of: .namespace, else: [("NOMAD_NAMESPACE", { $0 })]) }

    var region: SettingValue { value(of: .region, else: [("NOMAD_REGION", { $0 })]) }

    private func value(of setting: Setting, else variables: [(String, (String) -> String)]) -> SettingValue {
        let given = values[setting]
        guard !given.isGiven, isNeeded else { return given }
        for (variable, text) in variables {
            guard let found = environment[variable], !found.isEmpty else { continue }
            return SettingValue(setting: setting, texts: [text(found)], source: .environment(variable: variable))
        }
        return given
    }

    /// The address as it may be shown: `http://user:password@host` without what stands before the `@`.
    static func withoutPassword(_ address: String) -> String {
        guard let scheme = address.firstRange(of: "://") else { return address }
        // By scalars: with a combining mark after it, `@` is another character.
        let authority = address.unicodeScalars[scheme.upperBound...].prefix { $0 != "/" }
        guard let at = authority.lastIndex(of: "@") else { return address }
        return address[..<scheme.upperBound] + "..." + address[at...]
    }

    static func parse(address: String) throws(InvalidValue) -> String {
        let scheme = ["http://", "https://", "unix:///"].first(where: address.hasPrefix)
        let isPlain = !LineBuffer.hasControls(address) && !address.utf8.contains(UInt8(ascii: " "))
        guard let scheme, address != scheme, isPlain else {
            throw InvalidValue("http://HOST:PORT, https://HOST:PORT or unix:///PATH")
        }
        return address
    }
}
