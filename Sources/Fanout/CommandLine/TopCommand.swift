import ArgumentParser

/// The flags of `fanout top`.
struct TopCommand: AdminCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch a running Fanout: its services, endpoints and connections.",
        discussion: """
            Needs the --admin-address of that Fanout. On a terminal it stays and shows live figures (? lists the keys); \
            elsewhere, and with --once or --json, it prints one reading and ends. Exit code 1 when nothing answers.
            """
    )

    @OptionGroup var admin: AdminFlags

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Time between two readings (default: FANOUT_INTERVAL, else 1s)", valueName: "D")
    )
    var interval: String?
    @Flag(help: "Print one reading and end; rates are those between two looks.") var once = false
    @Flag(help: "Print the reports of the admin endpoint as one JSON object and end.") var json = false

    func question(of address: AdminAddress, _ environment: [String: String]) throws(UsageError) -> AdminQuestion {
        let interval = try FlagText("interval", interval, environment).interval(else: "1s")
        return .top(address, TopOptions(interval: interval, once: once, json: json))
    }
}
